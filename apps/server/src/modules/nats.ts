import { createFeedPublisher, createNatsLink, createNatsSignals } from '@recalld/adapters-callbacks';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import type { NatsConfig } from '../config.js';
import { natsFeed, streamOptions } from '../feed.js';

/**
 * What there is with a broker: the feeds, which copy the log to its streams, one node at a time, and
 * signals that go through it to the other nodes on the same database. A broker that is away holds
 * nothing up: this process hears its own signals at once, the others find in their sweeps what they
 * were not told of, and the feeds catch up from their checkpoints.
 */
export function nats(config: NatsConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.natsLink).toResolvedValue(
      (log) => createNatsLink({ url: config.url, log, name: 'recalld' }),
      [the.log],
    );
    bind(the.natsSignals).toResolvedValue(
      (link, log) => createNatsSignals({ link, log }),
      [the.natsLink, the.log],
    );
    bind(the.signals).toResolvedValue((signals) => signals, [the.natsSignals]);
    bind(the.feedPublisher).toResolvedValue(
      (link, { log: eventLog, checkpoints, leases, apps, deliveryReader }, requests, signals, clock, log) =>
        createFeedPublisher({
          link,
          eventLog,
          checkpoints,
          leases,
          apps,
          deliveryReader,
          requests,
          signals,
          clock,
          log,
          streams: streamOptions(config),
        }),
      [the.natsLink, the.storage, the.callbackRequests, the.signals, the.clock, the.log],
    );
    bind(the.feed).toResolvedValue(natsFeed, [the.natsLink, the.natsSignals, the.feedPublisher]);
  });
}
