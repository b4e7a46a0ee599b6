import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import type { PostgresConfig } from '../databaseConfig.js';
import { openPostgres } from '../postgres.js';

/** One database for several nodes: rows, files' bytes and the clock are its own, nothing is on this machine. */
export function postgresStorage({ url }: PostgresConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.postgresStorage).toResolvedValue(
      (config, box, log) => openPostgres(url, config, box, log),
      [the.config, the.secretBox, the.log],
    );
    bind(the.storage).toResolvedValue((storage) => storage, [the.postgresStorage]);
    bind(the.clock).toResolvedValue(({ clock }) => clock, [the.postgresStorage]);
    bind(the.ids).toResolvedValue(({ ids }) => ids, [the.postgresStorage]);
    bind(the.attachmentBytes).toResolvedValue(
      ({ attachmentBytes }) => attachmentBytes,
      [the.postgresStorage],
    );
    bind(the.upkeep).toResolvedValue(({ upkeep }) => upkeep, [the.postgresStorage]);
  });
}
