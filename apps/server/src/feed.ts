import type { FeedPublisher, NatsLink, NatsSignals, StreamOptions } from '@recalld/adapters-callbacks';
import type { NatsState, ReadinessCheck } from '@recalld/adapters-http';
import type { NatsConfig } from './config.js';
import type { Worker } from './workers.js';

/** What goes through a broker, when there is one, and what is known of it. */
export interface Feed {
  readonly workers: readonly Worker[];
  readonly checks: readonly ReadinessCheck[];
  /** What metrics tell of it. */
  readonly state: NatsState | undefined;
  /** Ends signals and connections: the last thing that is done to it. */
  close(): Promise<void>;
}

export const noFeed: Feed = {
  workers: [],
  checks: [],
  state: undefined,
  close: () => Promise.resolve(),
};

/** Without its broker, or one that takes what is published, a server is degraded, never unready. */
export function natsFeed(link: NatsLink, signals: NatsSignals, publisher: FeedPublisher): Feed {
  const publishes = async () => {
    if (!link.connected()) throw new Error('NATS is not connected');
    for (const [feed, { trouble }] of Object.entries(publisher.lag())) {
      if (trouble !== null) throw new Error(`the feed of ${feed} is not published: ${trouble}`);
    }
  };
  return {
    workers: [publisher],
    checks: [{ name: 'nats', required: false, check: publishes }],
    state: { connected: () => link.connected(), lag: () => publisher.lag() },
    async close() {
      signals.close();
      await link.close();
    },
  };
}

/** What the environment leaves out is the publisher's choice. */
export function streamOptions({ replicas, streamBytesMax }: NatsConfig): StreamOptions {
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(streamBytesMax === undefined ? {} : { bytesMax: streamBytesMax }),
  };
}
