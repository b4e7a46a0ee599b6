import { setTimeout as delay } from 'node:timers/promises';
import { Contended, Unavailable } from '@recalld/domain';
import { describeFault, isLockTimeout, isRace } from './postgresFaults.js';

const readAttemptsMax = 3;

/**
 * Runs again what lost against another transaction and left nothing behind: reads, and single statements. A
 * lock that somebody held for too long is waited for once.
 * @throws Unavailable when it came to nothing
 */
export async function readPatiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (fault) {
      if (!isRace(fault)) throw fault;
      if (attempt < readAttemptsMax && !isLockTimeout(fault)) continue;
      throw new Unavailable(`the database did not answer: ${describeFault(fault)}`, { cause: fault });
    }
  }
}

const attemptsMax = 20;
/** Whoever asked for a write has gone, or asks again, when it took much longer. */
const writeMs = 8_000;

/** Runs a write; `limits` is SQL behind its `begin`. */
type Attempt<T> = (limits: string) => Promise<T>;

/**
 * Runs a write again whose transaction lost against another one's: it sees then what that one did. Those
 * of this node that have lost go on one after the other, so that they lose to other nodes alone. None is
 * begun again, or waits for a lock, when the write's time is over.
 * @throws Contended when it keeps losing, Unavailable when somebody keeps a lock
 */
export function createPatience(): <T>(work: Attempt<T>, isLost: (fault: unknown) => boolean) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();

  return async function patiently<T>(work: Attempt<T>, isLost: (fault: unknown) => boolean): Promise<T> {
    const until = performance.now() + writeMs;
    try {
      return await work('');
    } catch (fault) {
      if (!isLost(fault)) throw fault;
      const mine = last.then(() => again(work, isLost, fault, until));
      last = mine.catch(() => undefined);
      return mine;
    }
  };
}

async function again<T>(
  work: Attempt<T>,
  isLost: (fault: unknown) => boolean,
  first: unknown,
  until: number,
): Promise<T> {
  let lost = first;
  for (let attempt = 2; attempt <= attemptsMax; attempt += 1) {
    await delay(Math.random() * 2 ** Math.min(attempt, 6));
    const leftMs = Math.floor(until - performance.now());
    if (leftMs <= 0) break;
    try {
      return await work(`; set local lock_timeout = ${leftMs}`);
    } catch (fault) {
      if (!isLost(fault)) throw fault;
      lost = fault;
    }
  }
  if (isLockTimeout(lost)) throw new Unavailable('a lock was not given up in time', { cause: lost });
  throw new Contended('a write has lost against others again and again', { cause: lost });
}
