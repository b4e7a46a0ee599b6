import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The files of a folder, however deep, that hold some bytes right now. */
export function filesWith(dir: string, bytes: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(bytes));
}
