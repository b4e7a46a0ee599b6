import { createFeedPublisher, createNatsLink, createNatsSignals } from '@recalld/adapters-callbacks';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import type { NatsConfig } from '../config.js';
import { natsFeed, streamOptions } from '../feed.js';

/**
 * Several nodes: signals go through NATS, and the log is copied to its streams. A broker that is away
 * holds nothing up: work is found by sweeps, and the feed catches up from its checkpoint.
 */
export function natsSignals(nats: NatsConfig): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(the.natsLink).toResolvedValue(
      (log) => createNatsLink({ url: nats.url, log, name: 'recalld' }),
      [the.log],
    );
    bind(the.natsSignals).toResolvedValue(
      (link, log) => createNatsSignals({ link, log }),
      [the.natsLink, the.log],
    );
    bind(the.signals).toResolvedValue((signals) => signals, [the.natsSignals]);
    bind(the.feedPublisher).toResolvedValue(
      (link, { log, checkpoints, apps, deliveryReader }, requests, signals, clock, logger) =>
        createFeedPublisher({
          link,
          log,
          checkpoints,
          apps,
          deliveryReader,
          requests,
          signals,
          clock,
          logger,
          streams: streamOptions(nats),
        }),
      [the.natsLink, the.storage, the.callbackRequests, the.signals, the.clock, the.log],
    );
    bind(the.feed).toResolvedValue(natsFeed, [the.natsLink, the.natsSignals, the.feedPublisher]);
  });
}
