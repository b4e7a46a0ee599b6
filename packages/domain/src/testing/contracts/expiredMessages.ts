import { describe, expect, it } from 'vitest';
import { expireMessages } from '../../application/expireMessages.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Messages whose bodies are still to go. */
export function describeExpiredMessages(name: string, harness: StorageHarness): void {
  describe(`ExpiredMessages: ${name}`, () => {
    const world = useWorld(harness);

    it('lists messages whose time ran out and that still have a body, oldest first', async () => {
      const { ports, app, clock, send, recall } = world();
      const start = clock.now();
      const second = await send({ expiresAt: start + 20_000 });
      const first = await send({ expiresAt: start + 10_000 });
      await send({ expiresAt: start + 60_000 });
      await send();
      await recall(await send({ expiresAt: start + 9000 }));

      const listed = (at: number, limit = 10) => ports.expired.list(start + at, limit);

      expect(await listed(9_999)).toEqual([]);
      expect(await listed(10_000)).toEqual([{ app: app.no, msgId: first }]);
      expect((await listed(20_001)).map(({ msgId }) => msgId)).toEqual([first, second]);
      expect((await listed(20_001, 1)).map(({ msgId }) => msgId)).toEqual([first]);
    });

    it('lists a message no more once its expiry is recorded and its body gone', async () => {
      const { ports, app, clock, loop, send } = world();
      const msgId = await send({ expiresAt: clock.now() + 5000 });
      clock.advance(10_000);

      expect(await expireMessages({ expired: ports.expired, loop, clock }, 10)).toBe(1);

      expect(await ports.expired.list(clock.now(), 10)).toEqual([]);
      expect((await ports.contents.read(app.no, [msgId])).size).toBe(0);
      expect(await expireMessages({ expired: ports.expired, loop, clock }, 10)).toBe(0);
    });
  });
}
