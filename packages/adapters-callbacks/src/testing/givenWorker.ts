import type { App, CallbackRule } from '@recalld/domain';
import { createFixedClock } from '@recalld/domain/testing';
import { afterEach } from 'vitest';
import type { DeliveryWorker } from '../delivery/worker.js';
import { openReceiver } from './receiver.js';
import type { Answer, Receiver } from './receiver.js';
import { sampleNow } from './samples.js';
import { until } from './until.js';
import { createWorld } from './world.js';
import type { WorkerChange } from './world.js';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A world with a clock that the test moves, and what a test needs of it; closed after the test. */
export function given(clock = createFixedClock(sampleNow)) {
  const world = createWorld(clock);
  async function receiver(answer?: Answer): Promise<Receiver> {
    const opened = await openReceiver(answer);
    closing.push(() => opened.close());
    return opened;
  }
  function started(change: WorkerChange = {}): DeliveryWorker {
    const worker = world.worker(change);
    worker.start();
    closing.push(() => worker.stop(1_000));
    return worker;
  }
  const app = (name: string, { url }: Receiver, change: Partial<CallbackRule> = {}): Promise<App> =>
    world.appWithRule(name, { url, ...change });
  /** Lets time pass, and tells the workers to look. */
  function pass(ms: number): void {
    clock.advance(ms);
    world.signals.announce(['deliveriesDue']);
  }
  const settledAs = (of: App, expected: string) =>
    until(`the delivery is ${expected}`, async () => (await world.state(of)).status === expected);
  return { ...world, clock, receiver, started, app, pass, settledAs };
}

export const callIdsOf = ({ received }: Receiver) =>
  received.map(({ body }) => (JSON.parse(body) as { callId: string }).callId);
