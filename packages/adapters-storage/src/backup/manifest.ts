import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Instant, Position } from '@recalld/domain';
import { schemaVersionKnown } from '../migrations/migrate.js';
import { sha256Of, writeDurably } from './durableFiles.js';

/** What a backup says of itself, as `manifest.json` has it: written last, so a folder with one is whole. */
export interface BackupManifest {
  readonly format: 1;
  /** When the copy was begun, ms since 1970. */
  readonly created_at: Instant;
  readonly schema_version: number;
  /** The last position of the copy's log. */
  readonly position: Position;
  /** Messages that it holds the content of. */
  readonly messages: number;
  readonly attachments: number;
  /** Of the database. */
  readonly bytes: number;
  /** Of the database, hex. */
  readonly sha256: string;
}

/** The names in a backup, as in a data folder. */
export const backupFiles = {
  manifest: 'manifest.json',
  attachments: 'attachments',
  key: 'secret.key',
} as const;

/** A folder that is no backup, or not one that this release can restore; nothing was changed. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}

export function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  return writeDurably(path.join(folder, backupFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @throws BackupRefused when there is none, or one that this release does not know. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const file = path.join(folder, backupFiles.manifest);
  const text = await readFile(file, 'utf8').catch(() => {
    throw new BackupRefused(`"${folder}" is no backup: it has no ${backupFiles.manifest}`);
  });
  const manifest = parse(text);
  if (manifest === undefined)
    throw new BackupRefused(`"${file}" is not what a backup of this release says of itself`);
  if (manifest.schema_version > schemaVersionKnown) {
    throw new BackupRefused(
      `The backup has schema version ${manifest.schema_version}, this recalld knows versions up to ` +
        `${schemaVersionKnown}; restore it with the release that made it, or a newer one.`,
    );
  }
  return manifest;
}

/** @throws BackupRefused when a database is not the one that the manifest is about. */
export async function checkDatabase(file: string, { bytes, sha256 }: BackupManifest): Promise<void> {
  const { size } = await stat(file);
  if (size !== bytes || (await sha256Of(file)) !== sha256) {
    throw new BackupRefused(
      'The database of the backup is not the one that its manifest is about: it is damaged.',
    );
  }
}

const numbers = ['created_at', 'schema_version', 'position', 'messages', 'attachments', 'bytes'] as const;

function parse(text: string): BackupManifest | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const manifest = found as Partial<Record<keyof BackupManifest, unknown>>;
  const whole = numbers.every((field) => Number.isSafeInteger(manifest[field]));
  return whole && manifest.format === 1 && typeof manifest.sha256 === 'string'
    ? (manifest as BackupManifest)
    : undefined;
}
