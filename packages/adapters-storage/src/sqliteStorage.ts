import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { Clock, IdSource, Log, StoragePorts } from '@recalld/domain';
import { createAttachments } from './attachments/attachments.js';
import { createCallbackRules } from './callbacks/callbackRules.js';
import { createDeliveryQueue } from './callbacks/deliveryQueue.js';
import { endLeases } from './callbacks/endLeases.js';
import { createFinishedDeliveries } from './callbacks/finishedDeliveries.js';
import { createRedeliveries } from './callbacks/redeliveries.js';
import { createMoveHealth, createRuleHealths } from './callbacks/ruleHealths.js';
import { createCommandStore } from './commands/commandStore.js';
import { createApps } from './directory/apps.js';
import { createChatReader } from './directory/chatReader.js';
import { createChats } from './directory/chats.js';
import { createFeedCheckpoints } from './directory/feedCheckpoints.js';
import { createSealedSecrets } from './directory/sealedSecrets.js';
import { createSecrets } from './directory/secrets.js';
import { createUsers } from './directory/users.js';
import { createCheckpointer } from './engines/checkpointer.js';
import type { Checkpointer } from './engines/checkpointer.js';
import { lockFolder } from './engines/ownerLock.js';
import { openSqlite } from './engines/sqlite.js';
import type { SqliteEngine } from './engines/sqlite.js';
import { createIdSource } from './idSource.js';
import { migrate } from './migrations/migrate.js';
import { sqliteSchemaTarget } from './migrations/target.js';
import { createContentReader } from './readers/contentReader.js';
import { createExpiredMessages } from './readers/expiredMessages.js';
import { createPositionBefore } from './readers/positionBefore.js';
import { createReadPorts, openBooks } from './readPorts.js';
import { createWriter } from './writer.js';

/** The database in a data folder. */
export const databaseFileName = 'recalld.sqlite';

export interface SqliteStorageOptions {
  /** The folder that this process owns; made when it is not there. */
  readonly dataDir: string;
  /** Left out: {@link databaseFileName} in the data folder. */
  readonly databasePath?: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** How long writes are gathered into one transaction; left out: one turn of the event loop. */
  readonly nextTurn?: () => Promise<void>;
}

export type SqliteStorage = StoragePorts & {
  readonly ids: IdSource;
  /** @throws when storage does not answer. */
  health(): Promise<void>;
  /** Resolves when nothing of what was recalled so far is in any file; otherwise that takes seconds. */
  erasuresDone(): Promise<void>;
  /** The last thing that is done to a storage: everything that uses it must have ended. */
  close(): Promise<void>;
};

/**
 * Opens the embedded storage: one process, one SQLite file, one connection that writes.
 * @throws DataDirInUse, SchemaTooNew
 */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<SqliteStorage> {
  const { dataDir, clock, log } = options;
  const file = options.databasePath ?? path.join(dataDir, databaseFileName);
  const unlock = lockFolders(dataDir, path.dirname(file));
  try {
    const engine = openSqlite(file);
    try {
      await migrate(sqliteSchemaTarget(engine), clock, log);
      endLeases(engine, clock.now());
      return assemble(engine, options, file, unlock);
    } catch (fault) {
      await engine.close();
      throw fault;
    }
  } catch (fault) {
    unlock();
    throw fault;
  }
}

/** Both when the database file stands elsewhere: somebody else's data folder may point at it too. */
function lockFolders(...dirs: readonly string[]): () => void {
  const held: (() => void)[] = [];
  const unlock = () => {
    for (const release of held) release();
  };
  try {
    for (const dir of new Set(dirs.map((each) => path.resolve(each)))) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      held.push(lockFolder(dir));
    }
    return unlock;
  } catch (fault) {
    unlock();
    throw fault;
  }
}

function assemble(
  engine: SqliteEngine,
  options: SqliteStorageOptions,
  file: string,
  unlock: () => void,
): SqliteStorage {
  const ids = createIdSource(engine, options.clock);
  const { descriptor, truncateWal } = engine;
  const checkpointer = createCheckpointer({ file, descriptor, truncateWal, log: options.log });
  return {
    ...portsOf(engine, checkpointer, options),
    ids,
    health: () => health(engine),
    erasuresDone: () => checkpointer.erasuresDone(),
    async close() {
      await checkpointer.close();
      ids.close();
      engine.truncateWal();
      await engine.close();
      unlock();
    },
  };
}

function portsOf(
  engine: SqliteEngine,
  checkpointer: Checkpointer,
  { log, nextTurn = () => nextImmediate() }: SqliteStorageOptions,
): StoragePorts {
  const { db } = engine;
  const writer = createWriter(engine, nextTurn, () => checkpointer.committed(false));
  const books = openBooks(engine);
  const { apps, rules, partsOf } = books;
  const moveHealth = createMoveHealth(db, rules);
  const positionBefore = createPositionBefore(engine);
  return {
    ...createReadPorts(engine, books, log),
    commands: createCommandStore({ engine, rules, onCommit: (erased) => checkpointer.committed(erased) }),
    contents: createContentReader(db),
    expired: createExpiredMessages(db),
    deliveries: createDeliveryQueue({ reads: engine, writer, rules, moveHealth, partsOf, log }),
    redeliveries: createRedeliveries({ db, writer, rules, positionBefore }),
    finishedDeliveries: createFinishedDeliveries({ db, writer, rules, positionBefore }),
    rules: createCallbackRules({ db, writer, rules, moveHealth }),
    ruleHealths: createRuleHealths({ db, writer, rules, moveHealth }),
    checkpoints: createFeedCheckpoints(db, writer),
    apps: createApps({ db, writer, book: apps }),
    users: createUsers(db, writer),
    chats: createChats({ db, writer }),
    chatReader: createChatReader(db),
    attachments: createAttachments(db, writer, () => checkpointer.committed(true)),
    secrets: createSecrets(db, writer),
    sealedSecrets: createSealedSecrets({ db, writer, apps, rules }),
  };
}

/** Both connections answer, and the writing one can write. */
async function health(engine: SqliteEngine): Promise<void> {
  await engine.db.selectFrom('nodes').select('node_no').execute();
  engine.transaction(() => engine.run(engine.db.selectFrom('migrations').select('version')));
}
