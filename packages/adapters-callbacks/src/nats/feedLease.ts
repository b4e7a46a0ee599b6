import { randomUUID } from 'node:crypto';
import { createLeaseHolder, limits } from '@recalld/domain';
import type { Leases, LeaseState, Log } from '@recalld/domain';
import { createBell } from '../timing/bell.js';
import { within } from '../timing/pause.js';
import type { NatsLink } from './link.js';

export interface FeedLeaseDeps {
  readonly leases: Leases;
  readonly link: NatsLink;
  readonly log: Log;
  /** Hears when this node has got the feeds, or does not have them any more. */
  readonly onChange: () => void;
}

/**
 * Which node publishes the feeds: one that reaches the broker. It is another one within twenty seconds
 * when that one dies, is cut off from the broker or the store, or stands still; at once when it stops.
 */
export interface FeedLease {
  start(): void;
  /** Gives it back. Resolves at the latest after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
  state(): LeaseState;
}

export function createFeedLease({ leases, link, log, onChange }: FeedLeaseDeps): FeedLease {
  const holder = createLeaseHolder({
    leases,
    name: 'feed',
    owner: randomUUID(),
    elapsedMs: () => performance.now(),
  });
  const bell = createBell();
  let stopping = false;
  let keeping: Promise<void> | undefined;
  let endHearing: () => void = () => undefined;
  let told = false;

  async function keep(): Promise<void> {
    let before: LeaseState = 'unknown';
    while (!stopping) {
      await ask();
      const now = holder.state();
      if (now !== before) onChange();
      before = now;
      await bell.wait(now === 'mine' ? limits.workLeaseBeatMs : limits.workLeaseAskMs);
    }
  }

  async function ask(): Promise<void> {
    try {
      if (link.connected()) await holder.renew();
      else if (holder.state() !== 'unknown') await holder.giveUp();
      told = false;
    } catch (err) {
      if (!told && !stopping) log.warn({ err }, 'whose turn it is to publish the feeds is not known');
      told = true;
    }
  }

  return {
    start: () => {
      endHearing = link.onConnect(() => bell.ring());
      keeping ??= keep();
    },
    stop: async (deadlineMs) => {
      stopping = true;
      endHearing();
      bell.ring();
      const end = async () => {
        await keeping;
        await holder.giveUp();
      };
      await within(
        deadlineMs,
        end().catch((err: unknown) =>
          log.warn({ err }, 'the lease of the feeds was not given back; it ends'),
        ),
      );
    },
    state: () => holder.state(),
  };
}
