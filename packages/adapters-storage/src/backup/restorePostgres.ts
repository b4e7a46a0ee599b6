import type { Clock, Log } from '@recalld/domain';
import { createFeedCheckpoints } from '../directory/feedCheckpoints.js';
import { openPostgres } from '../engines/postgres.js';
import { migrate, schemaVersion } from '../migrations/migrate.js';
import { onPostgresSchema } from '../migrations/postgresTarget.js';
import { expectNoNodes } from '../nodes/liveNodes.js';
import { endDeliveries, raiseSeconds, raiseTimelines } from './carryOn.js';
import { lastEventOf } from './logEnd.js';
import { BackupRefused } from './manifest.js';
import type { RestoredCopy } from './restoreStore.js';

export interface PostgresRestoreOptions {
  /** `postgres://…`; holds credentials, never logged. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where a copy's log ended when it was made, for a second look: kept among the checkpoints. */
const baseName = 'restored-copy';

/**
 * Takes over a database that its operator has restored with PostgreSQL's own tools, and brings its schema forward.
 * @throws BackupRefused when it is empty, NodesAtWork, SchemaTooNew, Unavailable
 */
export async function restorePostgres(
  options: PostgresRestoreOptions,
): Promise<RestoredCopy & { close(): Promise<void> }> {
  const { url, clock, log } = options;
  const engine = openPostgres({ url, log });
  try {
    await onPostgresSchema(url, log, async (target) => {
      if ((await schemaVersion(target)) === 0) {
        throw new BackupRefused('The database is empty: restore it with PostgreSQL’s own tools first.');
      }
      await expectNoNodes(target);
      await migrate(target, clock, log);
    });
    const checkpoints = createFeedCheckpoints(engine);
    const known = await checkpoints.read(baseName);
    const end = await lastEventOf(engine, known);
    return {
      end,
      madeAt: end?.at ?? 0,
      first: known === undefined,
      async carryOn({ position, predecessor }) {
        const base = end?.position ?? 0;
        const carry = { database: engine, predecessor, base, now: clock.now() };
        await engine.run(
          `select setval('event_positions', greatest(last_value, ${position})) from event_positions`,
        );
        await raiseSeconds(carry);
        await raiseTimelines(carry);
        const ended = known === undefined ? await endDeliveries(carry) : 0;
        await checkpoints.write(baseName, base);
        return ended;
      },
      close: () => engine.close(),
    };
  } catch (fault) {
    await engine.close();
    throw fault;
  }
}
