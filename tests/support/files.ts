import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The files of a folder, however deep, that hold some bytes right now. */
export async function filesWith(dir: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) found.push(path.relative(dir, file));
  }
  return found;
}
