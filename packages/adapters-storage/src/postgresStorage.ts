import { randomUUID } from 'node:crypto';
import type { AttachmentBytes, Clock, Log, Secrets } from '@recalld/domain';
import { createDatabaseAttachmentBytes } from './attachments/databaseAttachmentBytes.js';
import { createSealedLabels } from './attachments/sealedLabels.js';
import { createContentSeal } from './bodies/contentSeal.js';
import { createSealedBodies } from './bodies/sealedBodies.js';
import { createSecrets } from './directory/secrets.js';
import { openPostgres } from './engines/postgres.js';
import type { PostgresEngine } from './engines/postgres.js';
import { checkSettings } from './engines/postgresChecks.js';
import { severalNodes } from './migrations/0003_severalNodes.js';
import { migrate, prepareSchema, schemaVersion } from './migrations/migrate.js';
import { onPostgresSchema } from './migrations/postgresTarget.js';
import { DatabaseClock, steadyClock } from './nodes/databaseClock.js';
import { expectNoNodes } from './nodes/liveNodes.js';
import { leaseNode } from './nodes/nodeLease.js';
import { whoeverHoldsALease } from './nodes/sessionNodes.js';
import type { Storage } from './storage.js';
import { createStoragePorts } from './storagePorts.js';
import { createUpkeep } from './upkeep/upkeep.js';
import type { Upkeep } from './upkeep/upkeep.js';

export interface PostgresStorageOptions {
  /** `postgres://…`; holds credentials, never logged. */
  readonly url: string;
  readonly log?: Log;
  /** 32 bytes that the keys of content are wrapped under; called once, with the storage's own secrets. */
  readonly contentKey: (secrets: Secrets) => Promise<Uint8Array>;
  /** Where the database's clock starts from; left out: one that a step of this machine's clock does not move. */
  readonly systemClock?: Clock;
  /** How long messages are kept, ms; null or left out: for ever. */
  readonly messageRetentionMs?: number | null;
  /** How long the log keeps what happened to messages, ms; null or left out: for ever. */
  readonly logRetentionMs?: number | null;
}

export type PostgresStorage = Storage & {
  /** The database's clock as this node knows it: every node has the same time. */
  readonly clock: Clock;
  readonly attachmentBytes: AttachmentBytes;
  /** Work in the background that one node at a time does. */
  readonly upkeep: readonly Upkeep[];
};

/**
 * Opens one node's way to a PostgreSQL database that any number of nodes share. An empty database is set
 * up; any other must have this release's schema.
 * @throws SchemaTooNew, SchemaTooOld, UnsafeDatabase, Unavailable
 */
export async function openPostgresStorage(options: PostgresStorageOptions): Promise<PostgresStorage> {
  const { url, log, systemClock = steadyClock } = options;
  const engine = openPostgres({ url, log });
  try {
    await checkSettings(engine);
    await onPostgresSchema(url, log, (target) => prepareSchema(target, systemClock, log));
    return await assemble(engine, options, new DatabaseClock(systemClock));
  } catch (fault) {
    await engine.close();
    throw fault;
  }
}

export interface MigratePostgresOptions {
  /** `postgres://…`; holds credentials, never logged. */
  readonly url: string;
  readonly clock: Clock;
  readonly log?: Log;
}

/** Brings the schema of an older or empty database forward. @throws NodesAtWork, SchemaTooNew */
export async function migratePostgres({ url, clock, log }: MigratePostgresOptions): Promise<void> {
  await onPostgresSchema(url, log, async (target) => {
    // An older schema knows of no nodes.
    if ((await schemaVersion(target)) >= severalNodes.version) await expectNoNodes(target);
    await migrate(target, clock, log);
  });
}

async function assemble(
  engine: PostgresEngine,
  options: PostgresStorageOptions,
  clock: DatabaseClock,
): Promise<PostgresStorage> {
  const { url, log, contentKey, messageRetentionMs = null, logRetentionMs = null } = options;
  const seal = createContentSeal(await contentKey(createSecrets(engine)));
  const owner = randomUUID();
  const node = await leaseNode({ database: engine, clock, owner, log });
  const upkeep = createUpkeep({ url, clock, log, messageRetentionMs, logRetentionMs });
  await upkeep.ensurePartitions();
  return {
    ...createStoragePorts({
      database: engine,
      bodies: createSealedBodies(engine, seal),
      labels: createSealedLabels(engine, seal),
      nodes: whoeverHoldsALease(owner),
      clock,
      log,
    }),
    ids: node.ids,
    clock,
    attachmentBytes: createDatabaseAttachmentBytes(engine, seal),
    upkeep: upkeep.chores,
    health: async () => {
      await engine.run('select 1');
    },
    erasuresDone: () => upkeep.rewriteErased(),
    async close() {
      await node.close();
      await engine.close();
    },
  };
}
