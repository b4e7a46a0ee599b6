import { parseArgs } from 'node:util';
import path from 'node:path';
import { parseNatsUrl } from '@recalld/adapters-callbacks';
import { databaseFileName } from '@recalld/adapters-storage';
import { parsePostgresUrl } from '../databaseConfig.js';
import { readLine, UsageError } from './command.js';

/** Who is asked for what was recalled since the backup. URLs hold credentials: never printed. */
export type RecallsFrom =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres' | 'nats'; readonly url: string }
  | { readonly kind: 'nobody' };

export interface RestoreLine {
  /** The backup; undefined for a PostgreSQL database that was restored already. */
  readonly folder: string | undefined;
  /** Undefined: whoever can be found. */
  readonly recallsFrom: RecallsFrom | undefined;
  readonly keepReplaced: boolean;
}

const options = {
  'recalls-from': { type: 'string' },
  'keep-replaced': { type: 'boolean', default: false },
} as const;

/** @throws UsageError */
export function readRestoreLine(args: readonly string[]): RestoreLine {
  const { values, positionals } = readArgs(args);
  const [folder, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('restore takes one FOLDER');
  const from = values['recalls-from'];
  return {
    folder,
    recallsFrom: from === undefined ? undefined : sourceNamed(from),
    keepReplaced: values['keep-replaced'],
  };
}

function readArgs(args: readonly string[]) {
  return readLine(() => parseArgs({ args: [...args], options, allowPositionals: true }));
}

function sourceNamed(text: string): RecallsFrom {
  if (text === 'none') return { kind: 'nobody' };
  if (parsePostgresUrl(text) !== undefined) return { kind: 'postgres', url: text };
  if (parseNatsUrl(text) !== undefined) return { kind: 'nats', url: text };
  if (text.startsWith('sqlite:')) return { kind: 'sqlite', path: path.resolve(text.slice('sqlite:'.length)) };
  if (text === '' || text.includes('://')) {
    throw new UsageError('--recalls-from takes a data folder, sqlite:PATH, postgres://…, nats://… or none');
  }
  return { kind: 'sqlite', path: path.resolve(text, databaseFileName) };
}
