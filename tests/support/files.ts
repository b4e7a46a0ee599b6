import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The files of a folder, however deep, with what each holds right now: nothing when it is gone by then. */
export async function* filesOf(
  dir: string,
): AsyncIterable<{ readonly name: string; readonly bytes: Buffer }> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    yield { name: path.relative(dir, file), bytes };
  }
}

/** The files of a folder, however deep, that hold some bytes right now. */
export async function filesWith(dir: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, bytes } of filesOf(dir)) if (bytes.includes(text)) found.push(name);
  return found;
}
