import { describe, expect, it } from 'vitest';
import { messageStream } from '../../kernel/stream.js';
import { appSample, sendSample } from '../samples.js';
import { wholeLog } from '../units.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Reading the log by stream and as a whole. */
export function describeEventLog(name: string, harness: StorageHarness): void {
  describe(`EventLog: ${name}`, () => {
    const world = useWorld(harness);

    it('gives the events of one stream in order of version', async () => {
      const { ports, app, send, recall } = world();
      const msgId = await send();
      await send();
      await recall(msgId);

      const events = await ports.log.ofStream(app.no, messageStream(msgId));

      expect(events.map(({ type, version }) => [type, version])).toEqual([
        ['MessageSent', 1],
        ['MessageRecalled', 2],
      ]);
      expect(await ports.log.ofStream(app.no, messageStream('1'))).toEqual([]);
      expect(await ports.log.ofStream(app.no + 1, messageStream(msgId))).toEqual([]);
    });

    it('reads the whole log after a position, in order, so many at a time', async () => {
      const { ports, send } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const sent = [
        await send(),
        await send({ app: typeof other === 'object' ? other.no : 0 }),
        await send(),
      ];

      const start = await ports.log.read({ after: 0, limit: 2 });
      const rest = await ports.log.read({ after: start.through, limit: 10 });

      expect(start.events).toHaveLength(2);
      expect(start.through).toBe(start.events.at(-1)?.position);
      const streams = [...start.events, ...rest.events].map(({ stream }) => stream);
      expect(streams).toEqual(sent.map(messageStream));
      expect(rest.through).toBe(rest.events.at(-1)?.position);
    });

    it('at its end there is nothing, and where to go on stays', async () => {
      const { ports, send } = world();
      expect(await ports.log.read({ after: 0, limit: 10 })).toEqual({ events: [], through: 0 });
      await send();
      const { through } = await ports.log.read({ after: 0, limit: 10 });

      expect(await ports.log.read({ after: through, limit: 10 })).toEqual({ events: [], through });
      expect(await ports.log.read({ after: through, limit: 10, types: ['MessageSent'] })).toEqual({
        events: [],
        through,
      });
    });

    it('reads some types only, and passes over the others', async () => {
      const { ports, send, recall } = world();
      const first = await send();
      await recall(first);
      await send();
      await send();
      await recall(await send());
      const log = await wholeLog(ports);
      const types = ['MessageRecalled'] as const;

      const all = await ports.log.read({ after: 0, limit: 100, types });
      const looked = await ports.log.read({ after: 0, limit: 4, types });
      const none = await ports.log.read({ after: log[1]?.position ?? 0, limit: 2, types });

      expect(all).toEqual({
        events: log.filter(({ type }) => type === 'MessageRecalled'),
        through: log.at(-1)?.position,
      });
      expect(looked).toEqual({ events: [log[1]], through: log[3]?.position });
      expect(none).toEqual({ events: [], through: log[3]?.position });
      const both = await ports.log.read({ after: 0, limit: 100, types: ['MessageSent', ...types] });
      expect(both.events).toEqual(log);
      expect((await ports.log.read({ after: 0, limit: 100, types: [] })).events).toEqual([]);
    });

    it('is complete up to its horizon: what is recorded later stands behind it', async () => {
      const { ports, send, recall } = world();
      expect(await ports.log.horizon()).toBe(0);
      const msgId = await send();
      const horizon = await ports.log.horizon();
      expect(horizon).toBe((await wholeLog(ports)).at(-1)?.position);

      await recall(msgId);

      const later = await ports.log.read({ after: horizon, limit: 10 });
      expect(later.events.map(({ type }) => type)).toEqual(['MessageRecalled']);
      expect(await ports.log.horizon()).toBe(later.through);
    });

    it('race, horizon and send: each event stands on one side of it', async () => {
      const { ports, ids, one } = world();
      const sends = Array.from({ length: 20 }, () => one(sendSample({ msgId: ids.next() })));

      const horizons = await Promise.all(Array.from({ length: 20 }, () => ports.log.horizon()));
      await Promise.all(sends);

      const log = await wholeLog(ports);
      for (const horizon of new Set(horizons)) {
        const { events } = await ports.log.read({ after: horizon, limit: 100 });
        expect(events).toEqual(log.filter(({ position }) => position > horizon));
      }
    });

    it('knows where the events of a time begin', async () => {
      const { ports, clock, send } = world();
      expect(await ports.log.before(clock.now())).toBe(0);
      await send();
      const second = await send().then(() => clock.now());
      await send();
      const [first, ...later] = await wholeLog(ports);

      const after = async (instant: number) => {
        const from = await ports.log.before(instant);
        return (await ports.log.read({ after: from, limit: 10 })).events;
      };
      expect(await ports.log.before(first?.occurredAt ?? 0)).toBe(0);
      expect(await ports.log.before(0)).toBe(0);
      expect(await after(second)).toEqual(later);
      expect(await after(second - 1)).toEqual(later);
      expect(await after(second + 1)).toEqual(later.slice(1));
      expect(await after(clock.now() + 1)).toEqual([]);
      expect(await ports.log.before(clock.now() + 1)).toBe(later.at(-1)?.position);
    });

    it('a time begins with its first event, whatever a clock that went back says of later ones', async () => {
      const { ports, clock, send } = world();
      await send();
      clock.advance(60_000);
      await send();
      const instant = clock.now();
      clock.advance(-30_000);
      await send();
      const log = await wholeLog(ports);

      const from = await ports.log.before(instant);

      expect((await ports.log.read({ after: from, limit: 10 })).events).toEqual(log.slice(1));
    });
  });
}
