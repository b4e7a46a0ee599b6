import { finishRestore } from '@recalld/adapters-storage';
import { Unavailable } from '@recalld/domain';
import type { Log } from '@recalld/domain';
import { bindings as the } from './bindings.js';
import type { Config } from './config.js';
import { buildContainer } from './container.js';
import { databaseFault } from './databaseFaults.js';
import { makeDataFolders } from './dataFolders.js';
import { checkRetention } from './retention.js';
import { rotateSecrets } from './secretRotation.js';
import type { Closing, Server } from './server.js';
import { within } from './within.js';

const closeMs = 5_000;

/**
 * Makes a server that has everything and serves nothing yet. `say` gets the lines for the person who
 * starts it, secrets among them.
 * @throws ConfigError and the like for what a person must put right; then nothing stays open.
 */
export async function boot(config: Config, log: Log, say: (line: string) => void): Promise<Server> {
  makeDataFolders(config);
  await endRestore(config, log);
  const container = buildContainer(config, log);
  const keys = await container.getAsync(the.secretKeys);
  const box = await container.getAsync(the.secretBox);
  const storage = await container.getAsync(the.storage);
  const open: Closing[] = [storage];
  try {
    // Before anything reads a secret: what is read is kept, and must not be sealed under an old key.
    await rotateSecrets({ keys, box, sealed: storage.sealedSecrets, log });
    const { announce } = await container.getAsync(the.firstStart);
    await announce(say);
    await checkRetention(storage.apps, storage.log, config.messageRetentionMs);
    // It begins to connect as soon as it is made.
    if (config.nats !== null) open.push(await container.getAsync(the.natsLink));
    return await container.getAsync(the.server);
  } catch (fault) {
    // What is open may wait for a database that went away meanwhile.
    await within(closeMs, Promise.allSettled(open.map((each) => each.close())));
    throw fault instanceof Unavailable ? databaseFaultOf(config, fault) : fault;
  }
}

function databaseFaultOf({ database }: Config, fault: Unavailable): unknown {
  return database.kind === 'postgres' ? databaseFault(fault, database.url) : fault;
}

/** Before anything of the data folder is read: a restore may have been cut off amid putting its files into place. */
async function endRestore({ dataDir, database }: Config, log: Log): Promise<void> {
  if (database.kind !== 'sqlite') return;
  const ended = await finishRestore({ dataDir, databasePath: database.path });
  if (ended === 'restored')
    log.warn({ dataDir }, 'a restore that was cut off is finished: this is the restored store');
  if (ended === 'thrownAway')
    log.warn({ dataDir }, 'a restore that was cut off was undone: this is the old store');
}
