import { createHash } from 'node:crypto';
import { Slot } from '../statements.js';
import type { EachStatement } from '../statements.js';
import { each } from '../steps.js';
import type { Each } from '../steps.js';

// Where a decision rests on rows that are not there yet, no row can be locked: an advisory lock on a
// name stands in for it, until the transaction ends.

/** Tells these locks from everybody else's: "turn", the first of two 32-bit keys. Positions have one of 64 bits. */
const lockClass = 0x7475726e;

interface Turn {
  readonly key: number;
}

const taking: EachStatement<Turn, unknown> = {
  sql: `select pg_advisory_xact_lock(${lockClass}, key) from unnest($1::int[]) as key`,
  slots: [new Slot<Turn>('key')],
  asTuples: false,
};

/** Two names may share a key: then they wait for each other too. Everybody takes the keys in one order. */
export function takeTurns(names: readonly string[]): Each {
  const keys = Int32Array.from(new Set(names.map(keyOf))).sort();
  return each(
    taking,
    Array.from(keys, (key) => ({ key })),
  );
}

function keyOf(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE();
}
