import { pairTimeline } from '@recalld/domain';
import { sampleInstant, sendSample, createSequentialIds } from '@recalld/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { loopOn } from '../testing/commands.js';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { postgresAvailable } from '../testing/postgres.js';

let store: TestStore;
afterEach(() => store.close());

/** Devices d0 to d5 of u1, of which each has got the one message of a peer of its own: p0 to p5. */
async function givenDevices(made: TestStore, connected: string): Promise<(device: string) => Promise<void>> {
  store = made;
  const { devices, commands, node } = made.nodes[0];
  const ids = createSequentialIds();
  const loop = loopOn(commands);
  let now = sampleInstant;
  const begin = async (device: string) => {
    now += 1_000;
    await devices.begin({ app: 1, user: 'u1', device }, { session: device, node, platform: 'web', now });
  };
  const all = [0, 1, 2, 3, 4, 5];
  for (const n of all) await begin(`d${n}`);
  for (const n of all) {
    const key = { app: 1, user: 'u1', device: `d${n}` };
    await loop.submit([sendSample({ msgId: ids.next(), from: `p${n}`, to: 'u1' })]);
    const timeline = pairTimeline(`p${n}`, 'u1');
    await devices.confirm([{ ...key, timeline, through: { position: 1, messages: 1 } }]);
    now += 1_000;
    if (key.device !== connected) await devices.end([{ ...key, session: key.device, now }]);
  }
  return begin;
}

describe.each([
  ['SQLite', true, sqliteStore],
  ['PostgreSQL', postgresAvailable, postgresStore],
] as const)('on %s, a new device', (_, isThere, open) => {
  it.skipIf(!isThere)(
    'starts where four others are: those that are connected, and those seen last',
    async () => {
      const begin = await givenDevices(await open(), 'd0');

      await begin('new');

      const pending = await store.nodes[0].queues.pending({ app: 1, user: 'u1', device: 'new' }, 10);
      const missed = pending.map(({ timeline }) => timeline);
      // At least once: what only others have got comes again, and nothing that nobody has is left out.
      for (const peer of ['p0', 'p5']) expect(missed).not.toContain(pairTimeline(peer, 'u1'));
      expect(missed).toHaveLength(2);
    },
  );
});
