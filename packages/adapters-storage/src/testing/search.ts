import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The files of a folder, however deep, that hold some bytes right now. */
export function filesWith(dir: string, bytes: string | Buffer): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => contentOf(file).includes(bytes));
}

/** Whoever owns the folder may remove a file meanwhile: it holds nothing then. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return Buffer.alloc(0);
    throw fault;
  }
}
