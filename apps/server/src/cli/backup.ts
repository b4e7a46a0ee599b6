import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { backupFiles, backUp } from '@recalld/adapters-storage';
import { readConfig } from '../config.js';
import { exitCodes, readLine } from './command.js';
import type { Command } from './command.js';
import { noDatabase } from './noDatabase.js';

export const backup: Command = {
  summary: 'copy the embedded store, beside a running server',
  usage: [
    'usage: recalld backup FOLDER [--without-key]',
    '',
    'Copies the store of RECALLD_DATA_DIR as it is now into a new folder: the database, the files that it refers to,',
    'secret.key and manifest.json. The server may go on. Nothing that was recalled before is in the copy; what is',
    'recalled later still is: delete old backups.',
    '',
    '  --without-key  leaves secret.key out: keep it elsewhere, without it stored secrets cannot be read',
    '',
    'Takes RECALLD_DATA_DIR and RECALLD_DATABASE_URL like the server. With postgres:// there is nothing to do here:',
    'PostgreSQL’s own tools make the backup, see docs/backup.md.',
    'Ends with 0 when the backup is whole and on the disk, 2 with postgres://, 64 for a wrong line, 78 for a wrong',
    'environment or a folder that is there already.',
  ].join('\n'),

  async run(args, env, terminal) {
    const { folder, withoutKey } = readOptions(args);
    const { dataDir, database, secretKey } = readConfig(env);
    if (database.kind === 'postgres') {
      terminal.err(
        'backup: PostgreSQL’s own tools make the backup of a postgres:// database: see docs/backup.md',
      );
      return exitCodes.elsewhere;
    }
    if (!existsSync(database.path)) throw noDatabase(database.path);
    const keyFile = path.join(dataDir, backupFiles.key);
    const withKey = !withoutKey && secretKey === undefined && existsSync(keyFile);
    const { messages, attachments, position } = await backUp({
      dataDir,
      databasePath: database.path,
      target: folder,
      keyFile: withKey ? keyFile : null,
      clock: { now: () => Date.now() },
    });
    const key = withKey ? 'with secret.key' : 'without secret.key: keep the key elsewhere';
    terminal.out(
      `backup: ${folder} has ${messages} messages and ${attachments} files, up to position ${position}, ${key}`,
    );
    return exitCodes.done;
  },
};

function readOptions(args: readonly string[]): { readonly folder: string; readonly withoutKey: boolean } {
  return readLine(() => {
    const options = { 'without-key': { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0) throw new Error('backup takes one FOLDER');
    return { folder, withoutKey: values['without-key'] };
  });
}
