import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What is written to a file or a folder is on the disk when this resolves. */
export async function sync(at: string): Promise<void> {
  const handle = await open(at, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Copies a file; a file system that can shares its blocks until one of the two changes. On the disk when it resolves. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await sync(to);
}

/** The same, of a file that may be gone: false when it is. */
export async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyDurably(from, to);
    return true;
  } catch (fault) {
    if (!isMissing(fault)) throw fault;
    return false;
  }
}

export async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  await sync(file);
}

/** Puts a file or a folder in the place of another, also on another file system; nothing happens when it is not there. */
export async function moveOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (fault) {
    if (isMissing(fault)) return;
    if (!hasCode(fault, 'EXDEV')) throw fault;
    const draft = `${to}.moving`;
    await rm(draft, { force: true });
    await copyDurably(from, draft);
    await rename(draft, to);
    await rm(from);
  }
  await sync(path.dirname(to));
}

export async function isThere(at: string): Promise<boolean> {
  return (await stat(at).catch(() => undefined)) !== undefined;
}

/** Hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function isMissing(fault: unknown): boolean {
  return hasCode(fault, 'ENOENT');
}

function hasCode(fault: unknown, code: string): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === code;
}
