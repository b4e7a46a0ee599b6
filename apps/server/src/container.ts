import 'reflect-metadata';
import type { Log } from '@recalld/domain';
import { Container } from 'inversify';
import type { ContainerModule } from 'inversify';
import type { Config } from './config.js';
import type { DatabaseConfig } from './databaseConfig.js';
import { callbacks } from './modules/callbacks.js';
import { commands } from './modules/commands.js';
import { embeddedSignals } from './modules/embeddedSignals.js';
import { embeddedStorage } from './modules/embeddedStorage.js';
import { foundation } from './modules/foundation.js';
import { http } from './modules/http.js';
import { live } from './modules/live.js';
import { msync } from './modules/msync.js';
import { nats } from './modules/nats.js';
import { postgresStorage } from './modules/postgresStorage.js';
import { security } from './modules/security.js';

/**
 * The composition root: the only place that picks adapters. Each module binds one concern; everything
 * in them is made once, when `bindings.server` is resolved at boot, so that what is missing fails there.
 */
export function buildContainer(config: Config, log: Log): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  container.load(foundation(config, log), security, commands, callbacks, live, msync, http);
  container.load(storageModule(config.database));
  container.load(config.nats === null ? embeddedSignals : nats(config.nats));
  return container;
}

function storageModule(database: DatabaseConfig): ContainerModule {
  return database.kind === 'sqlite' ? embeddedStorage(database) : postgresStorage(database);
}
