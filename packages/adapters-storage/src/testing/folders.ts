import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A folder that a test owns. */
export function temporaryFolder(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'recalld-storage-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
