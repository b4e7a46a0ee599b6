import { Overloaded } from '@recalld/domain';
import type { CommandLoop } from '@recalld/domain';
import {
  changeRule,
  createMemoryStorage,
  createWorld,
  recallSample,
  ruleSample,
} from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { attemptAll } from '../testing/adminWorld.js';
import { meteredDeliveries } from './meteredDeliveries.js';
import { meteredLoop } from './meteredLoop.js';
import { createMetrics } from './metrics.js';
import type { Metrics } from './metrics.js';

async function given(): Promise<{ world: World; metrics: Metrics }> {
  const world = await createWorld(createMemoryStorage());
  return { world, metrics: createMetrics({ ...world, deliveries: world.ports.deliveries, version: '0' }) };
}

/** The samples of one metric, as lines without its name. */
async function samples(metrics: Metrics, name: string): Promise<readonly string[]> {
  const { text } = await metrics.expose();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length));
}

const loopThat = (submit: CommandLoop['submit']): CommandLoop => ({ submit, drain: () => Promise.resolve() });

describe('metrics', () => {
  it('count requests by row, method and status, and how long they took', async () => {
    const { metrics } = await given();
    const request = { requestId: '1', method: 'POST', route: '/{org}/{app}/messages', status: 200 };
    metrics.requestAnswered({ ...request, ms: 3 });
    metrics.requestAnswered({ ...request, ms: 700 });
    metrics.requestAnswered({ ...request, route: undefined, status: 404, ms: 1 });

    const name = 'recalld_http_request_duration_seconds';
    const labels = 'route="/{org}/{app}/messages",method="POST",status="200"';
    expect(await samples(metrics, `${name}_count`)).toEqual([
      `{${labels}} 2`,
      '{route="unknown",method="POST",status="404"} 1',
    ]);
    expect(await samples(metrics, `${name}_bucket`)).toContain(`{le="0.005",${labels}} 1`);
    expect(await samples(metrics, `${name}_sum`)).toContain(`{${labels}} 0.703`);
  });

  it('count commands by what became of them, and recalls by where they came from', async () => {
    const { world, metrics } = await given();
    const loop = meteredLoop(world.loop, metrics);
    const msgId = await world.send();
    const now = world.clock.now();
    const recall = recallSample({ msgId, now, recallId: world.ids.next() });

    await loop.submit([recall, { ...recall, recallId: world.ids.next() }]);

    expect(await samples(metrics, 'recalld_commands_total')).toEqual([
      '{command="RecallMessage",outcome="accepted"} 1',
      '{command="RecallMessage",outcome="alreadyRecalled"} 1',
    ]);
    expect(await samples(metrics, 'recalld_recalls_total')).toEqual([
      '{via="easemob",chat_type="chat",forced="false"} 1',
    ]);
  });

  it('leave outcomes and faults of the loop as they are', async () => {
    const { world, metrics } = await given();
    const msgId = await world.send();
    const recall = recallSample({ msgId, now: world.clock.now(), recallId: world.ids.next() });
    expect(await meteredLoop(world.loop, metrics).submit([recall])).toMatchObject([
      { ok: true, events: [{}] },
    ]);

    const fault = new Overloaded('65536 units are waiting');
    const failing = meteredLoop(
      loopThat(() => Promise.reject(fault)),
      metrics,
    );
    await expect(failing.submit([recall])).rejects.toBe(fault);
    expect(await samples(metrics, 'recalld_commands_total')).toContain(
      '{command="RecallMessage",outcome="fault"} 1',
    );
  });

  it('count attempts and deliveries that are over', async () => {
    const { world, metrics } = await given();
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-1'));
    const ports = { ...world.ports, deliveries: meteredDeliveries(world.ports.deliveries, metrics) };
    for (const accepted of [true, false]) {
      await world.recall(await world.send());
      await attemptAll({ ...world, ports }, accepted);
    }
    expect(await samples(metrics, 'recalld_delivery_attempt_duration_seconds_count')).toEqual([
      '{outcome="accepted"} 1',
      '{outcome="refused"} 1',
    ]);
    expect(await samples(metrics, 'recalld_deliveries_ended_total')).toEqual([
      '{status="delivered"} 1',
      '{status="dead"} 1',
    ]);
  });

  it('count nothing for a delivery that was given back without an attempt', async () => {
    const { world, metrics } = await given();
    const queue = meteredDeliveries(world.ports.deliveries, metrics);
    const state = { status: 'waiting', attempts: 0, dueAt: 0 } as const;
    await queue.settle([{ id: 'x', owner: 'w', state }], 0);
    expect(await samples(metrics, 'recalld_delivery_attempt_duration_seconds_count')).toEqual([]);
  });

  it('tell for how long the oldest delivery has been due', async () => {
    const { world, metrics } = await given();
    const name = 'recalld_deliveries_oldest_due_age_seconds';
    expect(await samples(metrics, name)).toEqual([' 0']);
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-1'));
    await world.recall(await world.send());
    const dueAt = world.clock.now();
    world.clock.advance(90_000);
    expect(await samples(metrics, name)).toEqual([' 90']);

    await world.ports.rules.create(ruleSample(world.app.no, 'rule-2'));
    await world.recall(await world.send());
    expect(await samples(metrics, name)).toEqual([` ${(world.clock.now() - dueAt) / 1000}`]);
  });

  it('do not count a delivery as due while its rule is disabled, or before its next attempt', async () => {
    const { world, metrics } = await given();
    const { ports, clock, app } = world;
    await ports.rules.create(ruleSample(app.no, 'rule-1'));
    await world.recall(await world.send());
    const rules = [{ ruleId: 'rule-1', max: 1 }];
    await ports.deliveries.claim({ rules, owner: 'w', now: clock.now(), leaseMs: 20_000 });
    clock.advance(20_000);
    expect(await samples(metrics, 'recalld_deliveries_oldest_due_age_seconds')).toEqual([' 0']);
    clock.advance(1_000);
    expect(await samples(metrics, 'recalld_deliveries_oldest_due_age_seconds')).toEqual([' 1']);

    await changeRule(ports.rules, app.no, 'rule-1', { enabled: false }, clock.now());
    expect(await samples(metrics, 'recalld_deliveries_oldest_due_age_seconds')).toEqual([' 0']);
  });

  it('show the rest while the store does not answer', async () => {
    const { world } = await given();
    const deliveries = { due: () => Promise.reject(new Error('the store is gone')) };
    const metrics = createMetrics({ ...world, deliveries, version: '1' });
    expect(await samples(metrics, 'recalld_deliveries_oldest_due_age_seconds')).toEqual([' Nan']);
    expect(await samples(metrics, 'recalld_build_info')).toEqual(['{version="1"} 1']);
  });

  it('of two servers in one process do not mix', async () => {
    const { metrics: one } = await given();
    const { metrics: other } = await given();
    one.deliveryEnded('dead');
    expect(await samples(other, 'recalld_deliveries_ended_total')).toEqual([]);
  });

  it('have the process and the event loop in them', async () => {
    const { metrics } = await given();
    const { text } = await metrics.expose();
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('cost next to nothing', async () => {
    const { metrics } = await given();
    const answered = { requestId: '1', method: 'POST', route: '/{org}/{app}/messages', status: 200, ms: 3 };
    const requests = 50_000;
    const before = process.cpuUsage();
    for (let n = 0; n < requests; n += 1) metrics.requestAnswered(answered);
    const { user, system } = process.cpuUsage(before);
    // Measured at 0.4 µs; the bound leaves room for a busy machine.
    expect((user + system) / requests).toBeLessThan(5);
  });
});
