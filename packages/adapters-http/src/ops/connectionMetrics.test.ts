import { createMemoryStorage, createWorld } from '@recalld/domain/testing';
import { expect, it } from 'vitest';
import { createMetrics } from './metrics.js';

it('tell who is connected now, and the totals of those who were', async () => {
  const world = await createWorld(createMemoryStorage());
  const metrics = createMetrics({ ...world, deliveries: world.ports.deliveries, version: '0' });
  let sessions = 3;
  const ended = { left: 4, kicked: 1 };
  metrics.watchConnections({
    sessions: () => sessions,
    streams: () => 2,
    counts: () => ({ framesIn: 70, framesOut: 90, logins: 8, loginsRefused: 5, socketsRefused: 6, ended }),
  });

  const first = await metrics.expose();
  sessions = 0;
  const second = await metrics.expose();

  for (const line of [
    'recalld_streams 2',
    'recalld_frames_total{direction="in"} 70',
    'recalld_frames_total{direction="out"} 90',
    'recalld_logins_total{outcome="accepted"} 8',
    'recalld_logins_total{outcome="refused"} 5',
    'recalld_logins_total{outcome="not_connected"} 6',
    'recalld_sockets_ended_total{how="left"} 4',
    'recalld_sockets_ended_total{how="kicked"} 1',
  ]) {
    expect(first.text).toContain(`\n${line}\n`);
    expect(second.text).toContain(`\n${line}\n`);
  }
  expect(first.text).toContain('\nrecalld_sessions 3\n');
  expect(second.text).toContain('\nrecalld_sessions 0\n');
});
