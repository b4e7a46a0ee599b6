import type { Clock, IdSource } from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import { fill, template } from '../statements.js';
import { IdMint } from './idMint.js';

/** The embedded store has one process: one node. */
const node = 1;
/** Below the skew that commands allow (`limits.clockSkewMsMax`): after a crash ids start that far ahead. */
const reservedSeconds = 4;

export interface StoredIdSource extends IdSource {
  /** Gives back what was reserved and not used, and ends the minting. */
  close(): void;
}

/**
 * Ids of the embedded store: the last second that any may have is stored before it is used, and a start
 * begins after what is stored.
 */
export function createOnlyNode(engine: SqliteEngine, clock: Clock): StoredIdSource {
  const { db } = engine;
  const store = template<{ second: number }>()(({ second }) =>
    db
      .insertInto('nodes')
      .values({ node_no: node, last_second: second })
      .onConflict((conflict) => conflict.column('node_no').doUpdateSet({ last_second: second })),
  );
  const [stored] = engine.run(db.selectFrom('nodes').select('last_second').where('node_no', '=', node));
  let reserved = stored?.last_second ?? 0;
  let closed = false;
  const mint = new IdMint({ no: node, lastSecond: reserved }, clock, (second) => {
    if (second <= reserved) return;
    reserved = second + reservedSeconds;
    engine.run(fill(store, { second: reserved }));
  });

  return {
    next() {
      if (closed) throw new Error('ids are minted no more: the storage is closed');
      return mint.next();
    },
    close() {
      closed = true;
      engine.run(fill(store, { second: mint.second }));
    },
  };
}
