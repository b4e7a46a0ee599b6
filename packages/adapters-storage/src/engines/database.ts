import type { Kysely, RawBuilder } from 'kysely';
import type { Clock, Position } from '@recalld/domain';
import type { Schema } from '../schema.js';
import type { SqlQuery, Statements } from '../statements.js';
import type { Each, Request, Steps } from '../steps.js';

/** The few words that engines spell differently. */
export interface Words {
  greatest(a: RawBuilder<unknown>, b: RawBuilder<unknown>): RawBuilder<number>;
  /** After a select: its rows stand still until the transaction ends. Nothing where one connection writes. */
  readonly forUpdate: RawBuilder<unknown>;
  /** As `forUpdate`, and nobody waits for it who only needs the rows to stay: `forKeyShare`. */
  readonly forNoKeyUpdate: RawBuilder<unknown>;
  /** After a select: nobody deletes its rows, or takes them for an update, until the transaction ends. */
  readonly forKeyShare: RawBuilder<unknown>;
  /** As `forUpdate`, without the rows that somebody else holds. */
  readonly forUpdateSkipLocked: RawBuilder<unknown>;
  /**
   * Asks for a turn at each of some names: whoever else asks for one of them waits until the transaction
   * ends, and what is read after it sees what they did. Nothing where one connection writes.
   */
  takeTurns(names: readonly string[]): Each;
  /** The time, ms: the database's own where several nodes share it, else what `clock` tells. */
  now(clock: Clock): RawBuilder<number>;
}

/** A database as it is read. */
export interface Reads {
  /** Builds queries; also runs single reads, outside of any transaction. */
  readonly db: Kysely<Schema>;
  readonly statements: Statements;
  readonly words: Words;
  /** Runs steps that only read, on one state of the database. */
  read<T>(work: () => Steps<T>): Promise<T>;
  /**
   * The position up to which the log is complete: whatever is committed later stands behind it. Asked
   * before the rows are read.
   */
  logHorizon(): Promise<Position>;
  /** The last position that was given out: nothing can stand behind it that was read before it was asked. */
  readonly lastTaken: SqlQuery<Taken>;
}

/** Why a commit did not happen, when deciding again may help. */
export type Conflict = 'moved' | 'unknown';

interface Taken {
  readonly position: Position;
}

/** Hands out the next positions of the log, inside a write; one that rolls back may leave a gap. */
export interface Positions {
  /** At least one. */
  take(count: number): Request<Taken>;
  /** What was taken, from what the request answered. */
  taken(answered: readonly Taken[], count: number): readonly Position[];
}

/** A database as it is written. Everything that differs between engines is behind this. */
export interface Database extends Reads {
  /** All of a write or nothing of it, as if no other write ran at the same time; on disk when it resolves. */
  write<T>(work: () => Steps<T>): Promise<T>;
  /**
   * A write that guards itself by row locks and unique keys: on PostgreSQL others run between its
   * steps. On disk when it resolves.
   */
  writeGuarded<T>(work: () => Steps<T>): Promise<T>;
  /** The same, once: what came in between is the caller's to see, by `conflictOf`. */
  commit<T>(work: () => Steps<T>): Promise<T>;
  /**
   * A guarded write of what may be done again after a power cut, leases and outcomes of attempts: safe
   * from a crash of the process when it resolves, on disk with the next commit.
   */
  writeRelaxed<T>(work: () => Steps<T>): Promise<T>;
  /** Where the positions of new events come from. */
  readonly positions: Positions;
  /** Told after a write that erased content: what files still hold of it goes within the stated time. */
  contentErased(): void;
  /** Whether a fault of a commit says that somebody else was faster, or that nobody knows; else undefined. */
  conflictOf(fault: unknown): Conflict | undefined;
}
