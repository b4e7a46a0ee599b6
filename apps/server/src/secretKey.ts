import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

const fileName = 'secret.key';

/**
 * The key that encrypts stored secrets: the environment's, else the one kept in the data folder,
 * made on the first start and readable by its owner alone. Never printed.
 */
export function loadSecretKey(dataDir: string, given: string | undefined): string {
  if (given !== undefined) return given;
  const file = path.join(dataDir, fileName);
  return readKey(file) ?? writeKey(file);
}

function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (fault) {
    if (hasCode(fault, 'ENOENT')) return undefined;
    throw fault;
  }
}

/** Whole or not at all, and never over a key that is there: secrets sealed under a lost key are lost too. */
function writeKey(file: string): string {
  const temporary = `${file}.${process.pid}`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, `${randomBytes(32).toString('base64url')}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(temporary, file);
  } catch (fault) {
    if (!hasCode(fault, 'EEXIST')) throw fault;
  } finally {
    unlinkSync(temporary);
  }
  return readFileSync(file, 'utf8').trim();
}

function hasCode(fault: unknown, code: string): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === code;
}
