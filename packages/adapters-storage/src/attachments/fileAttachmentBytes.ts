import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AttachmentTooLarge } from '@recalld/domain';
import type { AttachmentBytes, AttachmentId } from '@recalld/domain';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const unfinished = '.part';

/**
 * Keeps the bytes of uploaded files as files of one folder. An upload is written under another name
 * in that same folder: never in the system's temporary one, where a recall could not reach it. What
 * a crash left unfinished is removed here, so the folder must be owned before this is called.
 */
export function createFileAttachmentBytes(dir: string): AttachmentBytes {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(dir)) {
    if (name.endsWith(unfinished)) rmSync(path.join(dir, name), { force: true });
  }
  return {
    async put(id, bytes, bytesMax) {
      const target = fileOf(dir, id);
      const draft = `${target}.${randomUUID()}${unfinished}`;
      try {
        const size = await writeDraft(draft, bytes, bytesMax);
        await rename(draft, target);
        await syncFolder(dir);
        return size;
      } catch (fault) {
        await rm(draft, { force: true });
        throw fault;
      }
    },
    async open(id) {
      const handle = await openIfThere(fileOf(dir, id));
      return handle?.createReadStream();
    },
    async destroy(id) {
      await rm(fileOf(dir, id), { force: true });
      await syncFolder(dir);
    },
  };
}

/** @throws for anything but a uuid: an id is part of a path. */
function fileOf(dir: string, id: AttachmentId): string {
  if (!uuid.test(id)) throw new Error('an attachment is named by a uuid');
  return path.join(dir, id.toLowerCase());
}

/** Writes a whole file; on disk when this resolves. Answers its size. */
async function writeDraft(file: string, bytes: AsyncIterable<Uint8Array>, bytesMax: number): Promise<number> {
  const handle = await open(file, 'wx', 0o600);
  try {
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.byteLength;
      if (size > bytesMax) throw new AttachmentTooLarge(`an attachment has at most ${bytesMax} bytes`);
      await writeAll(handle, chunk);
    }
    await handle.sync();
    return size;
  } finally {
    await handle.close();
  }
}

/** A write may take less than it was given. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, written);
    written += bytesWritten;
  }
}

/** A new or removed name is on disk only after its folder is. */
async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return undefined;
    throw fault;
  }
}
