import type {
  Apps,
  CallbackRequests,
  Clock,
  DeliveryReader,
  EventLog,
  FeedCheckpoints,
  Log,
  Signals,
} from '@recalld/domain';
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
  readonly signals: Pick<Signals, 'listen'>;
}

/** Keeps the broker's copy of the log. The log stays the truth: whatever the copy lacks is published again. */
export interface FeedPublisher {
  start(): void;
  /** Resolves when what is in hand is published, at the latest after `deadlineMs`; the rest goes on at the next start. */
  stop(deadlineMs: number): Promise<void>;
  lag(): Readonly<Record<FeedName, FeedLag>>;
}

export function createFeedPublisher(deps: FeedPublisherDeps): FeedPublisher {
  const { link, eventLog, checkpoints, signals, clock, log, streams: options = {} } = deps;
  const sources = createFeedSources(deps);
  const runnerOf = (feed: FeedName) =>
    createFeedRunner({ feed, source: sources[feed], link, eventLog, checkpoints, clock, log, options });
  const events = runnerOf('events');
  const callbacks = runnerOf('callbacks');
  let endHearing: () => void = () => undefined;
  return {
    start: () => {
      endHearing = signals.listen((topic) => {
        if (topic !== 'eventsRecorded') return;
        events.wake();
        callbacks.wake();
      });
      events.start();
      callbacks.start();
    },
    stop: async (deadlineMs) => {
      endHearing();
      await Promise.all([events.stop(deadlineMs), callbacks.stop(deadlineMs)]);
    },
    lag: () => ({ events: events.lag(), callbacks: callbacks.lag() }),
  };
}
