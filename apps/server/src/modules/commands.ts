import { meteredLoop } from '@recalld/adapters-http';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { firstStart } from '../firstStart.js';
import { createLoop } from '../loop.js';
import { createWorkers } from '../workers.js';

/** The command loop, and the work in the background that submits to it. */
export const commands = new ContainerModule(({ bind }) => {
  bind(the.commandLoop).toResolvedValue(
    (storage, plan, ids, signals, metrics) => meteredLoop(createLoop(storage, plan, ids, signals), metrics),
    [the.storage, the.planDeliveries, the.ids, the.signals, the.metrics],
  );
  bind(the.workers).toResolvedValue(
    (storage, upkeep, bytes, loop, clock, signals, log, { attachmentRetentionMs, deliveryRetentionMs }) =>
      createWorkers({
        storage,
        upkeep,
        bytes,
        loop,
        clock,
        signals,
        log,
        attachmentRetentionMs,
        deliveryRetentionMs,
      }),
    [
      the.storage,
      the.upkeep,
      the.attachmentBytes,
      the.commandLoop,
      the.clock,
      the.signals,
      the.log,
      the.config,
    ],
  );
  bind(the.firstStart).toResolvedValue(
    (config, { apps, secrets, leases }, box, clock) =>
      firstStart({ config, apps, secrets, leases, box, clock }),
    [the.config, the.storage, the.secretBox, the.clock],
  );
});
