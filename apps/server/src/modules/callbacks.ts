import {
  createCallbackSender,
  createCallbackUrls,
  createDeliveryWorker,
  createEgress,
  planDeliveries,
} from '@recalld/adapters-callbacks';
import { meteredDeliveries } from '@recalld/adapters-http';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { createRequests } from '../callbackRequests.js';

/** The dialects, and the worker that takes deliveries to their receivers. */
export const callbacks = new ContainerModule(({ bind }) => {
  bind(the.planDeliveries).toResolvedValue(() => planDeliveries());
  bind(the.egress).toResolvedValue(
    ({ callbacks: { allowPrivate, allowRanges, allowHosts } }) =>
      createEgress({ allowPrivate, allowRanges, allowHosts }),
    [the.config],
  );
  bind(the.callbackUrls).toResolvedValue((egress) => createCallbackUrls(egress), [the.egress]);
  bind(the.callbackRequests).toResolvedValue(createRequests, [the.secretBox, the.storage, the.clock]);
  bind(the.callbackSender).toResolvedValue(
    (clock, egress, box, { callbacks: { proxyUrl } }) =>
      createCallbackSender({
        clock,
        egress,
        openSecret: (sealed) => box.open(sealed),
        ...(proxyUrl === undefined ? {} : { proxyUrl }),
      }),
    [the.clock, the.egress, the.secretBox, the.config],
  );
  bind(the.deliveryWorker).toResolvedValue(
    ({ deliveries }, requests, sender, clock, signals, log, metrics) =>
      createDeliveryWorker({
        queue: meteredDeliveries(deliveries, metrics),
        requests,
        sender,
        clock,
        signals,
        log,
        random: Math.random,
      }),
    [the.storage, the.callbackRequests, the.callbackSender, the.clock, the.signals, the.log, the.metrics],
  );
});
