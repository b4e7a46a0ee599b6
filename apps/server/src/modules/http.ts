import { checkRuleTls, isNativeSecret, newNativeSecret } from '@recalld/adapters-callbacks';
import { createMetrics } from '@recalld/adapters-http';
import { sameSecret } from '@recalld/adapters-security';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { createHttp } from '../http.js';
import { createServer } from '../server.js';
import { version } from '../version.js';

/** Every API on one listener, and the server around it. */
export const http = new ContainerModule(({ bind }) => {
  bind(the.metrics).toResolvedValue(
    ({ deliveries }, clock, { state: nats }) =>
      createMetrics({ clock, deliveries, version, ...(nats === undefined ? {} : { nats }) }),
    [the.storage, the.clock, the.feed],
  );
  bind(the.http).toDynamicValue(async (context) => {
    const { messageRetentionMs, logLevel } = await context.getAsync(the.config);
    const { rootToken } = await context.getAsync(the.firstStart);
    const storage = await context.getAsync(the.storage);
    return createHttp({
      storage,
      loop: await context.getAsync(the.commandLoop),
      ids: await context.getAsync(the.ids),
      addressOf: await context.getAsync(the.addressOf),
      clock: await context.getAsync(the.clock),
      tokens: await context.getAsync(the.accessTokens),
      passwords: await context.getAsync(the.passwords),
      secretBox: await context.getAsync(the.secretBox),
      attachmentBytes: await context.getAsync(the.attachmentBytes),
      codec: await context.getAsync(the.messageCodec),
      decoder: await context.getAsync(the.contentDecoder),
      live: await context.getAsync(the.liveUpdates),
      streams: await context.getAsync(the.streams),
      callbackRequests: await context.getAsync(the.callbackRequests),
      callbackUrls: await context.getAsync(the.callbackUrls),
      checkRuleTls,
      nativeSecrets: { make: newNativeSecret, fits: isNativeSecret },
      log: await context.getAsync(the.log),
      metrics: await context.getAsync(the.metrics),
      sessions: await context.getAsync(the.msync),
      signals: await context.getAsync(the.signals),
      isRootToken: (token) => sameSecret(token, rootToken),
      checks: [
        { name: 'storage', required: true, check: () => storage.health() },
        ...(await context.getAsync(the.feed)).checks,
      ],
      settings: { publicUrl: null, messageRetentionMs, logRequests: ['debug', 'trace'].includes(logLevel) },
    });
  });
  bind(the.server).toResolvedValue(
    (listener, sessions, workers, liveWorker, deliveryWorker, feed, loop, storage) =>
      createServer({
        http: listener,
        sessions,
        workers: [workers, liveWorker, deliveryWorker, ...feed.workers],
        loop,
        signals: feed,
        storage,
      }),
    [
      the.http,
      the.msync,
      the.workers,
      the.liveWorker,
      the.deliveryWorker,
      the.feed,
      the.commandLoop,
      the.storage,
    ],
  );
});
