import type { Compilable } from 'kysely';
import type { SqliteEngine } from './engines/sqlite.js';
import type { SqlQuery } from './statements.js';

/**
 * A write as a value: it hands out one query after the other and is handed the rows of each. Whoever
 * runs it decides how: SQLite all in one synchronous transaction. It must not wait for anything else.
 */
export type Write<T> = Generator<SqlQuery | Compilable, T, readonly unknown[]>;

/** One query of a write, with its rows typed. */
export function* rows<R>(query: SqlQuery<R> | Compilable<R>): Write<readonly R[]> {
  return (yield query) as readonly R[];
}

export interface Writer {
  /** All of a write or nothing of it; on disk when it resolves. */
  write<T>(work: () => Write<T>): Promise<T>;
}

interface Pending {
  run(): () => void;
  reject(fault: unknown): void;
}

/** The one writer of a process: everything that is written in one turn shares a transaction and its fsync. */
export function createWriter(
  engine: SqliteEngine,
  nextTurn: () => Promise<void>,
  onCommit: () => void,
): Writer {
  let queue: Pending[] = [];

  async function flush(): Promise<void> {
    await nextTurn();
    const batch = queue;
    queue = [];
    try {
      const answers = engine.transaction(() => batch.map(({ run }) => run()));
      onCommit();
      for (const answer of answers) answer();
    } catch (fault) {
      for (const { reject } of batch) reject(fault);
    }
  }

  return {
    write<T>(work: () => Write<T>) {
      return new Promise<T>((resolve, reject) => {
        if (queue.length === 0) void flush();
        queue.push({ run: () => attempt(engine, work, resolve, reject), reject });
      });
    },
  };
}

/** Runs one write on its own; answers what to tell its caller once everything is on disk. */
function attempt<T>(
  engine: SqliteEngine,
  work: () => Write<T>,
  resolve: (result: T) => void,
  reject: (fault: unknown) => void,
): () => void {
  try {
    const result = engine.savepoint(() => drive(engine, work()));
    return () => resolve(result);
  } catch (fault) {
    return () => reject(fault);
  }
}

/** Runs a write's queries, one after the other, on the connection of the transaction. */
function drive<T>(engine: SqliteEngine, write: Write<T>): T {
  let step = write.next([]);
  while (step.done !== true) step = write.next(engine.run(step.value));
  return step.value;
}
