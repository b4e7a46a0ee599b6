import type {
  Apps,
  CallbackRequests,
  Clock,
  DeliveryReader,
  EventLog,
  FeedCheckpoints,
  Leases,
  Log,
  Signals,
} from '@recalld/domain';
import { within } from '../timing/pause.js';
import { createFeedLease } from './feedLease.js';
import { createFeedSources } from './feedMessages.js';
import type { FeedName } from './feedMessages.js';
import { createFeedRunner } from './feedRunner.js';
import type { FeedLag } from './feedRunner.js';
import type { StreamOptions } from './feedStreams.js';
import type { NatsLink } from './link.js';

export interface FeedDeps {
  readonly link: NatsLink;
  readonly eventLog: EventLog;
  readonly apps: Pick<Apps, 'findByNo'>;
  readonly deliveryReader: Pick<DeliveryReader, 'startingAt'>;
  readonly requests: Pick<CallbackRequests, 'render'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly streams?: StreamOptions;
}

export interface FeedPublisherDeps extends FeedDeps {
  readonly checkpoints: FeedCheckpoints;
  readonly leases: Leases;
  readonly signals: Pick<Signals, 'listen'>;
}

/**
 * Keeps the broker's copy of the log. The log stays the truth: whatever the copy lacks is published again.
 *
 * Of the nodes on one database one publishes, the holder of the lease `feed`, and the next one goes on
 * from the checkpoint and the stream's last message. A holder that was stopped for too long sees that
 * its time is over before the next part of a batch, so at most the 32 messages of the part in hand, and
 * what lies in its socket, reach the broker beside those of the next holder. They have the same ids:
 * the broker drops them within the duplicate window, 2 minutes in the streams that are made here. It is
 * the ids that keep two publishers apart, not the header that expects a last sequence: others publish
 * into the streams too, a redrive above all, and each of their messages would fail what is on its way.
 * Past the window they are in the stream twice, as after any fault, and the feed itself does not go
 * back: the holder's own messages go on in order.
 */
export interface FeedPublisher {
  start(): void;
  /** Resolves when what is in hand is published, at the latest after `deadlineMs`; the rest goes on at the next start. */
  stop(deadlineMs: number): Promise<void>;
  lag(): Readonly<Record<FeedName, FeedLag>>;
}

export function createFeedPublisher(deps: FeedPublisherDeps): FeedPublisher {
  const { link, eventLog, checkpoints, leases, signals, clock, log, streams: options = {} } = deps;
  const sources = createFeedSources(deps);
  const lease = createFeedLease({ leases, link, log, onChange: () => wake() });
  const runnerOf = (feed: FeedName) =>
    createFeedRunner({
      feed,
      source: sources[feed],
      lease,
      link,
      eventLog,
      checkpoints,
      clock,
      log,
      options,
    });
  const events = runnerOf('events');
  const callbacks = runnerOf('callbacks');
  let endHearing: () => void = () => undefined;

  function wake(): void {
    events.wake();
    callbacks.wake();
  }

  async function windDown(deadlineMs: number): Promise<void> {
    await Promise.all([events.stop(deadlineMs), callbacks.stop(deadlineMs)]);
    await lease.stop(deadlineMs);
  }

  return {
    start: () => {
      endHearing = signals.listen((topic) => {
        if (topic === 'eventsRecorded') wake();
      });
      lease.start();
      events.start();
      callbacks.start();
    },
    stop: async (deadlineMs) => {
      endHearing();
      await within(deadlineMs, windDown(deadlineMs));
    },
    lag: () => ({ events: events.lag(), callbacks: callbacks.lag() }),
  };
}
