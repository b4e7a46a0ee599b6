import os from 'node:os';
import {
  createCallbackRequests,
  createCallbackSender,
  createCallbackUrls,
  createDeliveryWorker,
  planDeliveries,
} from '@recalld/adapters-callbacks';
import { meteredDeliveries } from '@recalld/adapters-http';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';

/** Both dialects, and the worker that takes deliveries to their receivers. */
export const callbacks = new ContainerModule(({ bind }) => {
  bind(the.planDeliveries).toResolvedValue(() => planDeliveries());
  bind(the.callbackUrls).toResolvedValue(
    ({ callbackAllowPrivate: allowPrivate }) => createCallbackUrls({ allowPrivate }),
    [the.config],
  );
  bind(the.callbackRequests).toResolvedValue(
    (box, { timelines }, clock) =>
      createCallbackRequests({
        box,
        clock,
        hostName: os.hostname(),
        unread: (app, user, now) => timelines.unreadOneToOne(app, user, now),
      }),
    [the.secretBox, the.storage, the.clock],
  );
  bind(the.deliveryWorker).toResolvedValue(
    ({ deliveries }, requests, clock, signals, log, { callbackAllowPrivate: allowPrivate }, metrics) =>
      createDeliveryWorker({
        queue: meteredDeliveries(deliveries, metrics),
        requests,
        sender: createCallbackSender({ clock, allowPrivate }),
        clock,
        signals,
        log,
        random: Math.random,
      }),
    [the.storage, the.callbackRequests, the.clock, the.signals, the.log, the.config, the.metrics],
  );
});
