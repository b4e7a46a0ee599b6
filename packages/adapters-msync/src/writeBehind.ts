export interface WriteBehindDeps<T> {
  /** Writes a batch, all or nothing. */
  readonly write: (batch: readonly T[]) => Promise<void>;
  /** How long values are gathered, and how long they wait after a fault, ms. */
  readonly gatherMs: number;
  readonly againMs: number;
  /** Values that may wait; the one that has waited for longest is given up for a newer one. */
  readonly waitingMax: number;
  readonly batchMax: number;
  readonly onFault: (fault: unknown) => void;
}

/** Writes values in batches soon after they were put; a later one under the same name takes the place of an earlier one. */
export interface WriteBehind<T> {
  put(name: string, value: T): void;
  /** What was put last under a name and is not written yet. */
  get(name: string): T | undefined;
  /**
   * Writes what was put so far, and waits for nothing that is put meanwhile; answers whether that could
   * be done. Never rejects.
   */
  flush(): Promise<boolean>;
  /** Writes nothing by itself any more: the store is about to be closed. */
  stop(): void;
}

interface Put<T> {
  readonly value: T;
  /** Grows with every value that is put. */
  readonly turn: number;
}

export function createWriteBehind<T>(deps: WriteBehindDeps<T>): WriteBehind<T> {
  /** In the order of their turns. */
  let waiting = new Map<string, Put<T>>();
  /** On its way to the store; all of it was put before what waits. */
  let batch: ReadonlyMap<string, Put<T>> = new Map();
  let writing: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let turns = 0;
  let isStopped = false;

  async function writeBatch(): Promise<boolean> {
    batch = new Map([...waiting].slice(0, deps.batchMax));
    for (const name of batch.keys()) waiting.delete(name);
    let isWritten = true;
    try {
      await deps.write([...batch.values()].map(({ value }) => value));
    } catch (fault) {
      deps.onFault(fault);
      const unchanged = [...batch].filter(([name]) => !waiting.has(name));
      waiting = new Map([...unchanged, ...waiting]);
      isWritten = false;
    }
    batch = new Map();
    return isWritten;
  }

  /** Joins the batch that is being written, or begins the next one. */
  function write(): Promise<boolean> {
    writing ??= writeBatch().then((isWritten) => {
      writing = undefined;
      if (waiting.size > 0) schedule(isWritten ? deps.gatherMs : deps.againMs);
      return isWritten;
    });
    return writing;
  }

  function schedule(ms: number): void {
    if (isStopped) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void write();
    }, ms).unref();
  }

  function hasUnwritten(through: number): boolean {
    const [oldest] = batch.size > 0 ? batch.values() : waiting.values();
    return oldest !== undefined && oldest.turn <= through;
  }

  return {
    put(name, value) {
      waiting.delete(name);
      waiting.set(name, { value, turn: (turns += 1) });
      if (waiting.size > deps.waitingMax) {
        const [oldest] = waiting.keys();
        if (oldest !== undefined) waiting.delete(oldest);
      }
      if (writing === undefined) schedule(deps.gatherMs);
    },
    get: (name) => (waiting.get(name) ?? batch.get(name))?.value,
    async flush() {
      const through = turns;
      while (hasUnwritten(through)) if (!(await write())) return false;
      return true;
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
