import type { NodeName } from '@recalld/domain';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { databaseNow } from '../engines/databaseNow.js';

/** The nodes that sessions name: which one this is, and which of them live. */
export interface SessionNodes {
  readonly own: NodeName;
  /** Whether the node that a column names lives. */
  lives(column: RawBuilder<unknown>): RawBuilder<boolean>;
}

/** The embedded store has one process: whatever another one had is gone with it. */
export function onlyThis(own: NodeName): SessionNodes {
  return { own, lives: (column) => sql`${column} = ${sql.lit(own)}` };
}

/** Nodes live as long as they hold the lease of a number. */
export function whoeverHoldsALease(own: NodeName): SessionNodes {
  return {
    own,
    lives: (column) =>
      sql`exists (select 1 from nodes n where n.owner = ${column} and n.lease_until > ${databaseNow})`,
  };
}
