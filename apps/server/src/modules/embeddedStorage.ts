import path from 'node:path';
import { createFileAttachmentBytes, openSqliteStorage } from '@recalld/adapters-storage';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';

/** The embedded default: SQLite and files in the data folder. */
export const embeddedStorage = new ContainerModule(({ bind }) => {
  bind(the.storage).toResolvedValue(
    ({ dataDir, databasePath }, clock, log) => openSqliteStorage({ dataDir, databasePath, clock, log }),
    [the.config, the.clock, the.log],
  );
  bind(the.ids).toResolvedValue(({ ids }) => ids, [the.storage]);
  bind(the.attachmentBytes).toResolvedValue(
    ({ dataDir }) => createFileAttachmentBytes(path.join(dataDir, 'attachments')),
    [the.config],
  );
});
