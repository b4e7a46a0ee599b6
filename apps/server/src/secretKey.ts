import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ConfigError } from './configValues.js';
import type { Config } from './config.js';

const fileName = 'secret.key';

/** The keys that stored secrets are sealed under. Never printed. */
export interface SecretKeys {
  /** What everything is sealed under from now on. */
  readonly present: string;
  /** What some of it may still be sealed under. */
  readonly previous: readonly string[];
  /** A kept key that another one has replaced, and its file; undefined when there is none. */
  readonly replaced: { readonly file: string; readonly key: string } | undefined;
}

type KeyConfig = Pick<Config, 'dataDir' | 'database' | 'secretKey' | 'previousSecretKey'>;

/**
 * The environment's key; without one, the key kept in the data folder, which is made on the first
 * start, readable by its owner alone. Once the environment has a key, the kept one is a previous key.
 * With PostgreSQL the environment's alone: every node must have the same one.
 * @throws ConfigError when it has none there.
 */
export function loadSecretKeys(config: KeyConfig): SecretKeys {
  return choose(config, writeKey);
}

/**
 * The same keys for somebody who only reads the store: makes none.
 * @throws ConfigError when there is no key.
 */
export function findSecretKeys(config: KeyConfig): SecretKeys {
  return choose(config, (file) => {
    throw new ConfigError(
      `RECALLD_SECRET_KEY is not set, and there is no "${file}"; it takes the key that the server uses`,
    );
  });
}

function choose(config: KeyConfig, makeKey: (file: string) => string): SecretKeys {
  if (config.database.kind === 'postgres') return sharedKeys(config);
  const file = path.join(config.dataDir, fileName);
  const kept = readKey(file);
  const present = config.secretKey ?? kept ?? makeKey(file);
  const older = [kept, config.previousSecretKey].filter((key) => key !== undefined);
  return {
    present,
    previous: older.filter((key) => key !== present),
    replaced: kept !== undefined && kept !== present ? { file, key: kept } : undefined,
  };
}

function sharedKeys({ secretKey, previousSecretKey }: KeyConfig): SecretKeys {
  if (secretKey === undefined) {
    throw new ConfigError(
      'RECALLD_SECRET_KEY is not set; with a postgres:// database it takes 32 to 256 printable characters, ' +
        'the same at every node',
    );
  }
  const previous =
    previousSecretKey === undefined || previousSecretKey === secretKey ? [] : [previousSecretKey];
  return { present: secretKey, previous, replaced: undefined };
}

/** Removes a key's file so that it stays away: nothing is sealed under that key any more. */
export function removeKeyFile(file: string): void {
  rmSync(file, { force: true });
  syncFolder(path.dirname(file));
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
  // Before anything is sealed under it: a power cut must not keep the seals and lose the key.
  syncFolder(path.dirname(file));
  return readFileSync(file, 'utf8').trim();
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function hasCode(fault: unknown, code: string): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === code;
}
