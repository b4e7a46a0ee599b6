import { drive } from '../steps.js';
import type { Steps } from '../steps.js';
import type { Database } from './database.js';
import { isUniqueViolation, nextPositions } from './sqlite.js';
import type { SqliteEngine } from './sqlite.js';

export interface SqliteDatabaseDeps {
  readonly engine: SqliteEngine;
  /** How long writes are gathered into one transaction. */
  readonly nextTurn: () => Promise<void>;
  /** Told after each commit, with whether it erased content. */
  readonly onCommit: (erased: boolean) => void;
}

interface Pending {
  readonly relaxed: boolean;
  run(): () => void;
  reject(fault: unknown): void;
}

/**
 * The embedded database. No transaction spans an `await`: everything that is written in one turn shares
 * a transaction and its fsync, each write with a savepoint of its own. What the command loop commits has
 * been gathered already.
 */
export function sqliteDatabase({ engine, nextTurn, onCommit }: SqliteDatabaseDeps): Database {
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
      onCommit(false);
      for (const answer of answers) answer();
    } catch (fault) {
      for (const { reject } of batch) reject(fault);
    }
  }

  function enqueue<T>(relaxed: boolean, work: () => Steps<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (queue.length === 0) void flush();
      queue.push({ relaxed, run: () => attempt(engine, work, resolve, reject), reject });
    });
  }

  return {
    db: engine.db,
    statements: engine.statements,
    words: engine.words,
    read: (work) => engine.read(work),
    logHorizon: () => engine.logHorizon(),
    lastTaken: engine.lastTaken,
    positions: nextPositions,
    write: (work) => enqueue(false, work),
    writeRelaxed: (work) => enqueue(true, work),
    // Nothing runs between the steps of any write.
    writeGuarded: (work) => enqueue(false, work),
    async commit(work) {
      const result = engine.transaction(() => drive(work(), engine.answer));
      onCommit(false);
      return result;
    },
    contentErased: () => onCommit(true),
    conflictOf: (fault) => (isUniqueViolation(fault, 'events') ? 'moved' : undefined),
  };
}

/** Runs one write on its own; answers what to tell its caller once everything is on disk. */
function attempt<T>(
  engine: SqliteEngine,
  work: () => Steps<T>,
  resolve: (result: T) => void,
  reject: (fault: unknown) => void,
): () => void {
  try {
    const result = engine.savepoint(() => drive(work(), engine.answer));
    return () => resolve(result);
  } catch (fault) {
    return () => reject(fault);
  }
}
