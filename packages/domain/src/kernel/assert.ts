/**
 * Throws when an invariant is broken. Invariants are checked in production too: a broken one is a
 * programming error, never an answer to bad input.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** Marks the branch of a switch over a closed union that must never be reached. */
export function never(value: never): never {
  throw new Error(`invariant broken: unexpected value ${JSON.stringify(value)}`);
}
