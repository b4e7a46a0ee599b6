import { createMemoryStorage, createWorld } from '@recalld/domain/testing';
import { expect, it } from 'vitest';
import { createMetrics } from './metrics.js';

it('tell whether NATS is connected, and how late its feeds are', async () => {
  const world = await createWorld(createMemoryStorage());
  let connected = true;
  const nats = {
    connected: () => connected,
    lag: () => ({ events: { lagMs: connected ? 0 : 1_500 }, callbacks: { lagMs: 20 } }),
  };
  const { expose } = createMetrics({ ...world, deliveries: world.ports.deliveries, version: '0', nats });

  const { text } = await expose();
  expect(text).toContain('\nrecalld_nats_connected 1\n');
  expect(text).toContain('\nrecalld_feed_lag_seconds{feed="events"} 0\n');
  expect(text).toContain('\nrecalld_feed_lag_seconds{feed="callbacks"} 0.02\n');
  connected = false;
  const { text: later } = await expose();
  expect(later).toContain('\nrecalld_nats_connected 0\n');
  expect(later).toContain('\nrecalld_feed_lag_seconds{feed="events"} 1.5\n');
});

it('say nothing of NATS where there is none', async () => {
  const world = await createWorld(createMemoryStorage());
  const metrics = createMetrics({ ...world, deliveries: world.ports.deliveries, version: '0' });
  expect((await metrics.expose()).text).not.toMatch(/recalld_(nats|feed)/);
});
