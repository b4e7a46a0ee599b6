import path from 'node:path';
import { createFileAttachmentBytes, openSqliteStorage } from '@recalld/adapters-storage';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import type { SqliteConfig } from '../databaseConfig.js';

/** The embedded default: SQLite and files in the data folder, and this machine's clock. */
export function embeddedStorage({ path: databasePath }: SqliteConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.clock).toConstantValue({ now: () => Date.now() });
    bind(the.storage).toResolvedValue(
      ({ dataDir }, clock, log) => openSqliteStorage({ dataDir, databasePath, clock, log }),
      [the.config, the.clock, the.log],
    );
    bind(the.ids).toResolvedValue(({ ids }) => ids, [the.storage]);
    bind(the.attachmentBytes).toResolvedValue(
      ({ dataDir }) => createFileAttachmentBytes(path.join(dataDir, 'attachments')),
      [the.config],
    );
    bind(the.upkeep).toConstantValue([]);
  });
}
