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
  /** Writes what was put so far; answers whether that could be done. Never rejects. */
  flush(): Promise<boolean>;
}

export function createWriteBehind<T>(deps: WriteBehindDeps<T>): WriteBehind<T> {
  const waiting = new Map<string, T>();
  /** On its way to the store. */
  let batch: ReadonlyMap<string, T> = new Map();
  let writing: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function writeBatch(): Promise<boolean> {
    batch = new Map([...waiting].slice(0, deps.batchMax));
    for (const name of batch.keys()) waiting.delete(name);
    try {
      await deps.write([...batch.values()]);
      return true;
    } catch (fault) {
      deps.onFault(fault);
      for (const [name, value] of batch) if (!waiting.has(name)) waiting.set(name, value);
      return false;
    } finally {
      batch = new Map();
    }
  }

  async function writeAll(): Promise<boolean> {
    let written = true;
    while (written && waiting.size > 0) written = await writeBatch();
    writing = undefined;
    if (waiting.size > 0) schedule(deps.againMs);
    return written;
  }

  function schedule(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      writing ??= writeAll();
    }, ms);
  }

  return {
    put(name, value) {
      waiting.delete(name);
      waiting.set(name, value);
      if (waiting.size > deps.waitingMax) {
        const [oldest] = waiting.keys();
        if (oldest !== undefined) waiting.delete(oldest);
      }
      if (writing === undefined) schedule(deps.gatherMs);
    },
    get: (name) => waiting.get(name) ?? batch.get(name),
    async flush() {
      clearTimeout(timer);
      timer = undefined;
      writing ??= waiting.size > 0 ? writeAll() : undefined;
      return (await writing) ?? true;
    },
  };
}
