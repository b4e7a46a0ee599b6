import { lookup, Resolver } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { pause } from '../timing/pause.js';
import { PlainFailure } from './failureText.js';
import { Turns } from './turns.js';

/** All addresses of a host name. @throws the resolver's own error when there is none. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Who is asked about names. */
export interface Names {
  readonly resolve: Resolve;
  /** Whether name servers answer for a name soon, whatever they say. Holds no thread, never rejects. */
  readonly answers: (hostname: string) => Promise<boolean>;
}

/**
 * Addresses come from the system's resolver alone, although it holds a thread: only that one knows
 * the hosts file, search domains and whatever else names the hosts of a network. DNS itself is asked
 * without a thread, but only whether it answers.
 */
const systemNames: Names = {
  resolve: (hostname) => lookup(hostname, { all: true }),
  answers: (hostname) => nameServersAnswer(hostname, new Resolver({ timeout: 500, tries: 1 })),
};

/** For both kinds of addresses, as the system's resolver wants both. */
export async function nameServersAnswer(hostname: string, resolver: Resolver): Promise<boolean> {
  const asked = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return asked.every((answer) => answer.status === 'fulfilled' || saysThereIsNone(answer.reason));
}

export interface PatientResolveOptions {
  /** A look-up that has waited for so long is not begun: whoever asked has gone. */
  readonly patienceMs: number;
  /** Look-ups that take longer are slow; a name's last good answer stands in after this time. Left out: a second. */
  readonly quickMs?: number;
  /** Left out: the system's resolver and name servers. */
  readonly names?: Names;
}

/** How long the last good answer of a name may stand in, and of how many names it is kept. */
const goodMs = 600_000;
const namesMax = 1_000;

/**
 * A resolver where names that hang wait for one another and for nobody else:
 *
 * - A name is quick when its last look-up was. Only one look-up at a time may be of a name that is
 *   not, or not known to be: one turn is always there for quick names.
 * - A name in doubt that has to wait is taken for quick as soon as name servers answer for it.
 * - A look-up that takes long is slow from then on, not when it is over. Should quick names begin to
 *   hang and hold all turns, the last good answer of each other name stands in for up to ten minutes.
 *
 * An old answer is as safe as a new one: whoever connects judges all addresses each time, and
 * connects to the very ones that were judged.
 */
export function createPatientResolve(options: PatientResolveOptions): Resolve {
  const { patienceMs, quickMs = 1_000, names = systemNames } = options;
  const known = new KnownNames();
  const turns = new Turns();
  const underway = new Map<string, ReturnType<Resolve>>();

  async function lookUp(hostname: string): ReturnType<Resolve> {
    const askedAt = performance.now();
    const isQuick = known.isQuick(hostname);
    const turn = turns.ask(isQuick);
    if (!isQuick && turn.waits()) {
      void names.answers(hostname).then((answers) => {
        if (answers && turn.waits()) turn.judge(true);
      });
    }
    await turn.begun;
    const late = setTimeout(() => {
      turn.judge(false);
      known.sawSlow(hostname);
    }, quickMs);
    const startedAt = performance.now();
    try {
      if (startedAt - askedAt >= patienceMs) {
        throw new PlainFailure('the host name was not resolved in time');
      }
      const addresses = await names.resolve(hostname);
      known.sawGood(hostname, addresses, performance.now() - startedAt < quickMs);
      return addresses;
    } catch (error) {
      if (saysThereIsNone(error)) known.sawNone(hostname, performance.now() - startedAt < quickMs);
      throw error;
    } finally {
      clearTimeout(late);
      turn.end();
    }
  }

  /** A name that is being looked up already is not asked for twice. */
  function lookUpOnce(hostname: string): ReturnType<Resolve> {
    const found = underway.get(hostname);
    if (found !== undefined) return found;
    const answer = lookUp(hostname).finally(() => underway.delete(hostname));
    underway.set(hostname, answer);
    return answer;
  }

  return async (hostname) => {
    const answer = lookUpOnce(hostname);
    if (known.lastGood(hostname) === undefined) return answer;
    const over = new AbortController();
    const inTime = answer.catch(() => undefined);
    const latest = await Promise.race([inTime, pause(quickMs, over.signal)]);
    over.abort();
    return latest ?? known.lastGood(hostname) ?? answer;
  };
}

interface Known {
  readonly isQuick: boolean;
  readonly good?: { readonly addresses: readonly LookupAddress[]; readonly at: number };
}

/** What was seen of names, of the latest ones only. */
class KnownNames {
  readonly #names = new Map<string, Known>();

  isQuick(hostname: string): boolean {
    return this.#names.get(hostname)?.isQuick ?? false;
  }

  lastGood(hostname: string): readonly LookupAddress[] | undefined {
    const good = this.#names.get(hostname)?.good;
    return good !== undefined && performance.now() - good.at < goodMs ? good.addresses : undefined;
  }

  sawGood(hostname: string, addresses: readonly LookupAddress[], isQuick: boolean): void {
    this.#keep(hostname, { isQuick, good: { addresses, at: performance.now() } });
  }

  sawNone(hostname: string, isQuick: boolean): void {
    this.#keep(hostname, { isQuick });
  }

  sawSlow(hostname: string): void {
    this.#keep(hostname, { ...this.#names.get(hostname), isQuick: false });
  }

  #keep(hostname: string, known: Known): void {
    this.#names.delete(hostname);
    this.#names.set(hostname, known);
    const [oldest] = this.#names.keys();
    if (oldest !== undefined && this.#names.size > namesMax) this.#names.delete(oldest);
  }
}

/** Name servers answered: there is no such name, or no address of this kind. */
function saysThereIsNone(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
  );
}
