import path from 'node:path';
import { createFileAttachmentBytes, openSqliteStorage } from '@recalld/adapters-storage';
import { expireMessages, limits } from '@recalld/domain';
import type { ExpireMessagesDeps } from '@recalld/domain';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import type { SqliteConfig } from '../databaseConfig.js';
import type { Upkeep } from '../workers.js';

/** The embedded default: SQLite and files in the data folder, and this machine's clock. */
export function embeddedStorage({ path: databasePath }: SqliteConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.clock).toConstantValue({ now: () => Date.now() });
    bind(the.sqliteStorage).toResolvedValue(
      ({ dataDir, messageRetentionMs }, clock, log) =>
        openSqliteStorage({ dataDir, databasePath, messageRetentionMs, clock, log }),
      [the.config, the.clock, the.log],
    );
    bind(the.storage).toResolvedValue((storage) => storage, [the.sqliteStorage]);
    bind(the.ids).toResolvedValue(({ ids }) => ids, [the.storage]);
    bind(the.attachmentBytes).toResolvedValue(
      ({ dataDir }) => createFileAttachmentBytes(path.join(dataDir, 'attachments')),
      [the.config],
    );
    bind(the.upkeep).toResolvedValue(
      ({ expired, upkeep }, loop, clock) => [rowByRow({ expired, loop, clock }), ...upkeep],
      [the.sqliteStorage, the.commandLoop, the.clock],
    );
  });
}

/** Messages in one piece of work: small enough to leave the command loop to the requests. */
const messagesPerRun = 100;

/** Without partitions to drop, each message that has expired is ended by a command of its own. */
function rowByRow(deps: ExpireMessagesDeps): Upkeep {
  return {
    name: 'expire messages',
    intervalMs: limits.sweepIntervalMs,
    run: async () => (await expireMessages(deps, messagesPerRun)) === messagesPerRun,
  };
}
