import path from 'node:path';
import { createSecretBox } from '@recalld/adapters-security';
import {
  backupFiles,
  createFileAttachmentBytes,
  openSqliteStorage,
  restorePostgres,
  restoreStore,
} from '@recalld/adapters-storage';
import type { RestoredCopy, Storage } from '@recalld/adapters-storage';
import type { AttachmentBytes, Log } from '@recalld/domain';
import { existsSync } from 'node:fs';
import { readConfig } from '../config.js';
import type { Config } from '../config.js';
import { makeDataFolders } from '../dataFolders.js';
import type { PostgresConfig, SqliteConfig } from '../databaseConfig.js';
import { databaseFault } from '../databaseFaults.js';
import { openPostgres } from '../postgres.js';
import { findSecretKeys } from '../secretKey.js';
import { exitCodes, UsageError } from './command.js';
import type { Command, Terminal } from './command.js';
import { findSource, isoOf } from './recallSource.js';
import type { RecallSource } from './recallSource.js';
import { readRestoreLine } from './restoreOptions.js';
import type { RestoreLine } from './restoreOptions.js';
import { takeBackSince } from './takeBack.js';
import type { Tally } from './takeBack.js';
import { createTerminalLog } from './terminalLog.js';

export const restore: Command = {
  summary: 'put a backup in place, without what was recalled since',
  usage: [
    'usage: recalld restore FOLDER [--recalls-from SOURCE] [--keep-replaced]',
    '       recalld restore [--recalls-from SOURCE]    (a postgres:// database)',
    '',
    'Puts a backup in the place of the store of RECALLD_DATA_DIR; no server may be running on it. With postgres://',
    'the database of RECALLD_DATABASE_URL was restored with PostgreSQL’s own tools before; no node may be running.',
    'Then recalls, deletions of conversations and recall policies made since the backup are taken from SOURCE.',
    '',
    '  --recalls-from SOURCE  a data folder, sqlite:PATH, postgres://…, nats://… (the stream RECALLD_EVENTS), or none;',
    '                         left out: the store that is replaced when it can be read, else RECALLD_NATS_URL',
    '  --keep-replaced        keeps the replaced store in the data folder, with content that no recall reaches any more',
    '',
    'Takes RECALLD_DATA_DIR, RECALLD_DATABASE_URL, RECALLD_NATS_URL and RECALLD_SECRET_KEY like the server.',
    'Ends with 0 when all is done, 3 when it is done and recalls since the backup may be missing, 64 for a wrong line,',
    '69 when somebody does not answer, 78 for a wrong environment, a damaged backup or a store in use.',
  ].join('\n'),

  async run(args, env, terminal) {
    const line = readRestoreLine(args);
    const config = readConfig(env);
    const { database } = config;
    try {
      return database.kind === 'sqlite'
        ? await restoreEmbedded(line, config, database, terminal)
        : await restoreDatabase(line, config, database, terminal);
    } catch (fault) {
      if (!terminal.interrupted.aborted) throw fault;
      const after = { sqlite: 'the store is the old one', postgres: 'run it again before a node is started' };
      terminal.err(`restore: interrupted; ${after[database.kind]}`);
      return exitCodes.interrupted;
    }
  },
};

const clock = { now: () => Date.now() };

async function restoreEmbedded(
  { folder, recallsFrom, keepReplaced }: RestoreLine,
  config: Config,
  { path: databasePath }: SqliteConfig,
  terminal: Terminal,
): Promise<number> {
  if (folder === undefined) throw new UsageError('restore takes the FOLDER of a backup');
  makeDataFolders(config);
  const { dataDir } = config;
  const log = quietLog(terminal);
  const hadStore = existsSync(databasePath);
  const restoring = await restoreStore({ dataDir, databasePath, folder, clock, log });
  const { draft } = restoring;
  try {
    const source = await findSource(sourceDeps(config, terminal, log), restoring, recallsFrom, databasePath);
    const tally = await withSource(source, restoring, terminal, async () => {
      const storage = await openSqliteStorage({ ...draft, clock, log });
      const bytes = createFileAttachmentBytes(path.join(draft.dataDir, backupFiles.attachments));
      return { storage, bytes };
    });
    const keepIn = keepReplaced && hadStore ? `replaced-${isoOf(clock.now()).replace(/[:.]/g, '')}` : null;
    await restoring.commit(keepIn);
    if (keepIn !== null) {
      terminal.out(
        `restore: the replaced store is in ${path.join(dataDir, keepIn)}: what it holds no recall reaches; delete it`,
      );
    } else if (hadStore) terminal.out('restore: the replaced store was removed');
    warnOfKey(config, terminal);
    return told(source, tally, terminal);
  } finally {
    await restoring.close();
  }
}

async function restoreDatabase(
  { folder, recallsFrom, keepReplaced }: RestoreLine,
  config: Config,
  { url }: PostgresConfig,
  terminal: Terminal,
): Promise<number> {
  if (folder !== undefined || keepReplaced) {
    throw new UsageError(
      'with postgres:// restore takes --recalls-from alone: PostgreSQL’s own tools restore it',
    );
  }
  const { present, previous } = findSecretKeys(config);
  const log = quietLog(terminal);
  const restoring = await restorePostgres({ url, clock, log }).catch((fault: unknown) => {
    throw databaseFault(fault, url);
  });
  try {
    const source = await findSource(sourceDeps(config, terminal, log), restoring, recallsFrom, undefined);
    const tally = await withSource(source, restoring, terminal, async () => {
      const storage = await openPostgres(url, config, createSecretBox(present, previous), log);
      return { storage, bytes: storage.attachmentBytes };
    });
    return told(source, tally, terminal);
  } finally {
    await restoring.close();
  }
}

interface Opened {
  readonly storage: Storage;
  readonly bytes: AttachmentBytes;
}

/** Makes the copy go on behind what the source knows, and takes back what it tells. */
async function withSource(
  source: RecallSource,
  copy: RestoredCopy,
  { out, interrupted }: Terminal,
  open: () => Promise<Opened>,
): Promise<Tally> {
  const { position, predecessor, events } = source;
  try {
    const ended = await copy.carryOn({ position, predecessor });
    out(
      predecessor === undefined
        ? 'restore: callbacks that were open when the backup was made are sent again, under the same ids'
        : `restore: ${ended} callbacks that were open when the backup was made are over, and not sent again`,
    );
    const { storage, bytes } = await open();
    try {
      const after = copy.end?.position ?? 0;
      return await takeBackSince({ storage, bytes, clock, from: events, after, interrupted });
    } finally {
      await storage.close();
    }
  } finally {
    await source.close();
  }
}

/** What was taken, from where, and what may be missing; answers the exit code. */
function told(
  { name, to, gap }: RecallSource,
  { taken, others, files }: Tally,
  { out, err }: Terminal,
): number {
  const { MessageRecalled: recalls, RecallPolicyChanged: policies } = taken;
  const deletions = taken.ConversationDeleted + taken.RoamingDeleted;
  const until = to === undefined ? '' : `, whose last event is of ${isoOf(to)}`;
  out(
    `restore: ${recalls} recalls, ${deletions} deletions of conversations and ${policies} recall policies ` +
      `were taken from ${name}${until}; ${files} files were deleted`,
  );
  if (others.had > 0) out(`restore: ${others.had} were there already`);
  if (others.unknown > 0) {
    out(`restore: ${others.unknown} are of apps, groups or rooms that the backup does not know`);
  }
  if (others.refused > 0) err(`restore: WARNING: ${others.refused} could not be taken`);
  if (gap !== undefined) err(`restore: WARNING: ${gap}`);
  return gap === undefined && others.refused === 0 ? exitCodes.done : exitCodes.incomplete;
}

function warnOfKey({ dataDir, secretKey }: Config, { err }: Terminal): void {
  if (secretKey !== undefined || existsSync(path.join(dataDir, backupFiles.key))) return;
  err(
    `restore: WARNING: there is no ${backupFiles.key}, and RECALLD_SECRET_KEY is not set: stored secrets cannot be read`,
  );
}

function sourceDeps(config: Config, { err, interrupted }: Terminal, log: Log) {
  return { config, log, now: clock.now, interrupted, say: err };
}

/** What may be wrong; the rest is told at the end. */
function quietLog(terminal: Terminal): Log {
  return { ...createTerminalLog('restore', terminal), info: () => undefined };
}
