import { createCommandLoop } from '@recalld/domain';
import type {
  App,
  CallbackRule,
  Clock,
  CommandLoop,
  DeliveryQueue,
  DeliveryState,
  DeliveryStatusFilter,
  Log,
  StoragePorts,
} from '@recalld/domain';
import { createFixedClock, createMemoryStorage, createSequentialIds } from '@recalld/domain/testing';
import { createCallbackRequests } from '../callbackRequests.js';
import { createEgress } from '../delivery/egress.js';
import { createCallbackSender } from '../delivery/sender.js';
import { createDeliveryWorker } from '../delivery/worker.js';
import type { DeliveryWorker, DeliveryWorkerDeps } from '../delivery/worker.js';
import { planDeliveries } from '../planDeliveries.js';
import { createEmbeddedSignals } from '../signals/embedded.js';
import { appSample, ruleSample, sampleNow, sampleOrigin } from './samples.js';

/** One line of a log. */
export interface Logged {
  readonly level: keyof Log;
  readonly fields: object;
  readonly message: string;
}

export interface WorkerChange extends Partial<DeliveryWorkerDeps> {
  readonly timeoutMs?: number;
}

/** Storage in memory, a command loop whose recalls make callbacks, and workers that send them. */
export function createWorld(clock: Clock & { advance?(ms: number): void } = createFixedClock(sampleNow)) {
  const storage: StoragePorts = createMemoryStorage();
  const ids = createSequentialIds(clock);
  const signals = createEmbeddedSignals();
  const logged: Logged[] = [];
  const loop: CommandLoop = createCommandLoop({
    store: storage.commands,
    plan: planDeliveries(),
    nextCommandId: () => ids.next(),
    nextTurn: () => Promise.resolve(),
    onCommitted: (_, deliveries) => {
      signals.announce(deliveries > 0 ? ['deliveriesDue', 'eventsRecorded'] : ['eventsRecorded']);
    },
  });
  const requests = createCallbackRequests({
    box: { seal: (secret) => secret, open: (sealed) => sealed },
    hostName: 'im-host-1',
    unread: (app, user, now) => storage.timelines.unreadOneToOne(app, user, now),
    clock,
  });

  async function appWithRule(name: string, change: Partial<CallbackRule>): Promise<App> {
    const app = await storage.apps.create(appSample({ name, sdkAppId: null }));
    if (typeof app === 'string') throw new Error(app);
    await storage.rules.create(ruleSample({ id: `rule of ${name}`, ...change, app: app.no }));
    return app;
  }

  /** Recalls messages that the server never had: one delivery each for an easemob rule. */
  async function recall(app: App, count = 1): Promise<void> {
    const units = Array.from({ length: count }, () =>
      loop.submit<'RecallMessage'>([
        {
          type: 'RecallMessage',
          app: app.no,
          msgId: ids.next(),
          recallId: ids.next(),
          chatKind: 'chat',
          to: 'u2',
          by: 'admin',
          authority: 'app',
          waive: { window: true, absence: true },
          syncSender: true,
          extension: null,
          origin: sampleOrigin,
          originDevice: null,
          now: clock.now(),
        },
      ]),
    );
    await Promise.all(units);
  }

  function worker({ timeoutMs = 10_000, ...change }: WorkerChange = {}): DeliveryWorker {
    const egress = createEgress({ allowPrivate: true, allowRanges: [], allowHosts: null });
    const timeouts = { totalMs: timeoutMs };
    const sender = createCallbackSender({ clock, egress, openSecret: (sealed) => sealed, timeouts });
    const queue = storage.deliveries;
    const random = () => 0.5;
    return createDeliveryWorker({ queue, requests, sender, signals, clock, log, random, ...change });
  }

  const keep = (level: keyof Log) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };
  const log: Log = {
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  };

  async function deliveries(app: App, status?: DeliveryStatusFilter) {
    const page = await storage.deliveryReader.page({
      app: app.no,
      limit: 10_000,
      ...(status === undefined ? {} : { status }),
    });
    return page.entities;
  }

  /** The state of an app's only delivery. */
  async function state(app: App): Promise<DeliveryState> {
    const [delivery, ...others] = await deliveries(app);
    if (delivery === undefined || others.length > 0) throw new Error('the app has one delivery');
    return delivery.state;
  }

  return { storage, signals, loop, ids, requests, logged, appWithRule, recall, worker, deliveries, state };
}

/** A queue in which a test has put some calls in another way. */
export function wrapQueue(queue: DeliveryQueue, change: Partial<DeliveryQueue>): DeliveryQueue {
  return { ...queue, ...change };
}
