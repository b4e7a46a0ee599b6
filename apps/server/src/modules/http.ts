import { createMetrics } from '@recalld/adapters-http';
import { createMessageCodec } from '@recalld/adapters-msync';
import { sameSecret } from '@recalld/adapters-security';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { createHttp } from '../http.js';
import { createServer } from '../server.js';
import { version } from '../version.js';

/** Every API on one listener, and the server around it. */
export const http = new ContainerModule(({ bind }) => {
  bind(the.messageCodec).toResolvedValue(() => createMessageCodec());
  bind(the.metrics).toResolvedValue(
    ({ deliveries }, clock) => createMetrics({ clock, deliveries, version }),
    [the.storage, the.clock],
  );
  bind(the.http).toDynamicValue(async (context) => {
    const { messageRetentionMs, logLevel } = await context.getAsync(the.config);
    const { rootToken } = await context.getAsync(the.firstStart);
    const storage = await context.getAsync(the.storage);
    return createHttp({
      storage,
      loop: await context.getAsync(the.commandLoop),
      ids: await context.getAsync(the.ids),
      clock: await context.getAsync(the.clock),
      tokens: await context.getAsync(the.accessTokens),
      passwords: await context.getAsync(the.passwords),
      secretBox: await context.getAsync(the.secretBox),
      attachmentBytes: await context.getAsync(the.attachmentBytes),
      codec: await context.getAsync(the.messageCodec),
      callbackRequests: await context.getAsync(the.callbackRequests),
      callbackUrls: await context.getAsync(the.callbackUrls),
      log: await context.getAsync(the.log),
      metrics: await context.getAsync(the.metrics),
      signals: await context.getAsync(the.signals),
      isRootToken: (token) => sameSecret(token, rootToken),
      health: () => storage.health(),
      settings: { publicUrl: null, messageRetentionMs, logRequests: ['debug', 'trace'].includes(logLevel) },
    });
  });
  bind(the.server).toResolvedValue(
    (listener, workers, deliveryWorker, loop, storage) =>
      createServer({ http: listener, workers, deliveryWorker, loop, storage }),
    [the.http, the.workers, the.deliveryWorker, the.commandLoop, the.storage],
  );
});
