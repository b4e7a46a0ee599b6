import type { Compilable } from 'kysely';
import type { Answer } from './engines/connection.js';
import type { SqliteEngine } from './engines/sqlite.js';
import type { SqlQuery } from './statements.js';

/**
 * A write as a value: it hands out one query after the other and is handed what each came to. Whoever
 * runs it decides how: SQLite all in one synchronous transaction. It must not wait for anything else.
 */
export type Write<T> = Generator<SqlQuery | Compilable, T, Answer>;

/** One query of a write, with its rows typed. */
export function* rows<R>(query: SqlQuery<R> | Compilable<R>): Write<readonly R[]> {
  return (yield query).rows as readonly R[];
}

/** One query of a write, with how many rows it changed. */
export function* changes(query: SqlQuery | Compilable): Write<number> {
  return (yield query).changes;
}

export interface Writer {
  /** All of a write or nothing of it; on disk when it resolves. */
  write<T>(work: () => Write<T>): Promise<T>;
  /**
   * For what may be done again after a power cut, leases and outcomes of attempts: all of a write or
   * nothing of it, safe from a crash of the process when it resolves, on disk with the next commit.
   */
  writeRelaxed<T>(work: () => Write<T>): Promise<T>;
}

interface Pending {
  readonly relaxed: boolean;
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
    const turned = await nextTurn().then(
      () => undefined,
      (fault: unknown) => ({ fault }),
    );
    const batch = queue;
    queue = [];
    try {
      if (turned !== undefined) throw turned.fault;
      const runAll = () => batch.map(({ run }) => run());
      const relaxed = batch.every((pending) => pending.relaxed);
      const answers = relaxed ? engine.relaxedTransaction(runAll) : engine.transaction(runAll);
      onCommit();
      for (const answer of answers) answer();
    } catch (fault) {
      for (const { reject } of batch) reject(fault);
    }
  }

  function enqueue<T>(relaxed: boolean, work: () => Write<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (queue.length === 0) void flush();
      queue.push({ relaxed, run: () => attempt(engine, work, resolve, reject), reject });
    });
  }

  return {
    write: (work) => enqueue(false, work),
    writeRelaxed: (work) => enqueue(true, work),
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

const nothing: Answer = { rows: [], changes: 0 };

/** Runs a write's queries, one after the other, on the connection of the transaction. */
function drive<T>(engine: SqliteEngine, write: Write<T>): T {
  let step = write.next(nothing);
  while (step.done !== true) step = write.next(engine.answer(step.value));
  return step.value;
}
