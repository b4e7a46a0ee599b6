import { composeId, idEpochMs } from '@recalld/domain';
import type { Clock, IdSource } from '@recalld/domain';
import type { SqliteEngine } from './engines/sqlite.js';
import { fill, template } from './statements.js';

/** The embedded store has one process: one node. */
const node = 1;
const countersPerSecond = 2 ** 22;
/** Below the skew that commands allow (`limits.clockSkewMsMax`): after a crash ids start that far ahead. */
const reservedSeconds = 4;

export interface StoredIdSource extends IdSource {
  /** Gives back what was reserved and not used, and ends the minting. */
  close(): void;
}

/**
 * Ids that never go back: the last second that any id may have is stored before it is used, and a
 * start begins after what is stored, whatever the clock says.
 */
export function createIdSource(engine: SqliteEngine, clock: Clock): StoredIdSource {
  const { db } = engine;
  const store = template<{ second: number }>()(({ second }) =>
    db
      .insertInto('nodes')
      .values({ node_no: node, last_second: second })
      .onConflict((conflict) => conflict.column('node_no').doUpdateSet({ last_second: second })),
  );
  const [stored] = engine.run(db.selectFrom('nodes').select('last_second').where('node_no', '=', node));
  let second = stored?.last_second ?? 0;
  let reserved = second;
  let counter = countersPerSecond;
  let closed = false;

  function startSecond(next: number): void {
    if (next > reserved) {
      reserved = next + reservedSeconds;
      engine.run(fill(store, { second: reserved }));
    }
    second = next;
    counter = 0;
  }

  return {
    next() {
      if (closed) throw new Error('ids are minted no more: the storage is closed');
      const current = Math.floor((clock.now() - idEpochMs) / 1000);
      if (current > second) startSecond(current);
      else if (counter >= countersPerSecond) startSecond(second + 1);
      const id = composeId(second, node, counter);
      counter += 1;
      return id;
    },
    close() {
      closed = true;
      engine.run(fill(store, { second }));
    },
  };
}
