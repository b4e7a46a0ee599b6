import { readConfig } from '../config.js';
import { migrateDatabase } from '../postgres.js';
import { exitCodes, UsageError } from './command.js';
import type { Command } from './command.js';
import { createTerminalLog } from './terminalLog.js';

export const migrate: Command = {
  summary: 'bring the schema of a PostgreSQL database forward',
  usage: [
    'usage: recalld migrate',
    '',
    'Brings the schema of the PostgreSQL database of RECALLD_DATABASE_URL to this version, an empty database too.',
    'Stop every node before, and start the ones of this version after it: a node of another version does not start.',
    'While a node is at work nothing is changed; a dead one counts as such for twenty seconds.',
    'With SQLite there is nothing to do: the start of the server brings its schema forward.',
    '',
    'Takes RECALLD_DATABASE_URL like the server.',
    'Ends with 0 when the schema is this version’s, 64 for a wrong line, 69 when the database does not answer, 78 for a',
    'wrong environment, a database of a newer version, or one that a node is at work on.',
  ].join('\n'),

  async run(args, env, terminal) {
    if (args.length > 0) throw new UsageError('migrate takes no arguments');
    const { database } = readConfig(env);
    if (database.kind === 'sqlite') {
      terminal.out('migrate: nothing to do: with SQLite the start of the server brings the schema forward');
      return exitCodes.done;
    }
    await migrateDatabase(database.url, createTerminalLog('migrate', terminal));
    terminal.out('migrate: the schema is the one of this version');
    return exitCodes.done;
  },
};
