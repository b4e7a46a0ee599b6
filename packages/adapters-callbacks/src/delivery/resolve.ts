import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { PlainFailure } from './failureText.js';

/** All addresses of a host name. @throws the resolver's own error when there is none. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/**
 * Look-ups at a time. The system's resolver holds one of Node's four threads for each, for as long as a
 * name server hangs; files and passwords need threads too.
 */
const quickAtOnceMax = 2;
const slowAtOnceMax = 1;
const slowNamesMax = 1_000;

export interface PatientResolveOptions {
  /** A look-up that has waited for so long is not begun: whoever asked has gone. */
  readonly patienceMs: number;
  /** A name is slow when its last look-up took longer than this; left out: a second. */
  readonly quickMs?: number;
  /** Left out: the system's resolver. */
  readonly resolve?: Resolve;
}

/** A resolver where names that resolve slowly wait for one another and for nobody else. */
export function createPatientResolve(options: PatientResolveOptions): Resolve {
  const { patienceMs, quickMs = 1_000, resolve = (hostname) => lookup(hostname, { all: true }) } = options;
  const slowNames = new Set<string>();
  const quick = createTurns(quickAtOnceMax);
  const slow = createTurns(slowAtOnceMax);

  function remember(hostname: string, isSlow: boolean): void {
    slowNames.delete(hostname);
    if (!isSlow) return;
    slowNames.add(hostname);
    const [oldest] = slowNames;
    if (oldest !== undefined && slowNames.size > slowNamesMax) slowNames.delete(oldest);
  }

  return async (hostname) => {
    const askedAt = performance.now();
    const turns = slowNames.has(hostname) ? slow : quick;
    const done = await turns.take();
    const startedAt = performance.now();
    try {
      if (startedAt - askedAt >= patienceMs) throw new PlainFailure('the host name was not resolved in time');
      return await resolve(hostname).finally(() => {
        remember(hostname, performance.now() - startedAt >= quickMs);
      });
    } finally {
      done();
    }
  };
}

/** Lets so many in at a time, the others in the order in which they came. */
function createTurns(atOnceMax: number): { take(): Promise<() => void> } {
  const waiting: (() => void)[] = [];
  let free = atOnceMax;
  const done = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    take: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return done;
    },
  };
}
