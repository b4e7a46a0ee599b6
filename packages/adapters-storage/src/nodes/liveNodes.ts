import { setTimeout as delay } from 'node:timers/promises';
import type { Reads } from '../engines/database.js';
import { databaseNow } from '../engines/databaseNow.js';
import type { SchemaReads } from '../migrations/target.js';
import { rows } from '../steps.js';

/** How many nodes hold the lease of their number, by the database's own clock. */
export function createLiveNodes({ db, read }: Reads): () => Promise<number> {
  const live = db
    .selectFrom('nodes')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('owner', 'is not', null)
    .where('lease_until', '>', databaseNow);
  return async () => {
    const [row] = await read(() => rows(live));
    return row?.count ?? 0;
  };
}

/** Somebody must stop the nodes of the database first; nothing was changed. */
export class NodesAtWork extends Error {
  override readonly name = 'NodesAtWork';

  constructor() {
    super('A node is at work on the database: stop every node first.');
  }
}

const againMs = 1_000;

/**
 * Waits for the leases of node numbers to be over: seconds, for those of dead nodes, which nobody prolongs.
 * @throws NodesAtWork when somebody does
 */
export async function expectNoNodes({ db, run }: SchemaReads): Promise<void> {
  const held = db
    .selectFrom('nodes')
    .select((e) => e.fn.max<string | null>('lease_until').as('until'))
    .where('lease_until', '>', databaseNow);
  for (let before = Infinity; ; await delay(againMs)) {
    const [found] = await run(held);
    if (found?.until === undefined || found.until === null) return;
    const until = Number(found.until);
    if (until > before) throw new NodesAtWork();
    before = until;
  }
}
