import { describe, expect, it } from 'vitest';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Under which keys clients sent messages. */
export function describeRetryKeys(name: string, harness: StorageHarness): void {
  describe(`RetryKeys: ${name}`, () => {
    const world = useWorld(harness);

    it('finds what was sent under a key, of its app alone', async () => {
      const { ports, app, clock, send } = world();
      const msgId = await send({ retryKey: 'u1/web/7' });
      await send({ retryKey: 'u1/web/8' });

      const { retryKeys } = ports;
      expect(await retryKeys.find(app.no, 'u1/web/7')).toEqual({ msgId, sentAt: clock.now() - 1_000 });
      expect(await retryKeys.find(app.no, 'u1/web/9')).toBeUndefined();
      expect(await retryKeys.find(app.no + 1, 'u1/web/7')).toBeUndefined();
    });

    it('finds it also when the message was recalled', async () => {
      const { ports, app, send, recall } = world();
      const msgId = await send({ retryKey: 'key' });
      await recall(msgId);

      expect(await ports.retryKeys.find(app.no, 'key')).toMatchObject({ msgId });
    });

    it('forgets keys of messages that were sent before an instant, so many at a time', async () => {
      const { ports, app, clock, send } = world();
      for (const retryKey of ['a', 'b', 'c', 'd']) await send({ retryKey });
      const lastSentAt = clock.now();
      const { retryKeys } = ports;

      expect(await retryKeys.forget(lastSentAt, 2)).toBe(2);
      expect(await retryKeys.forget(lastSentAt, 2)).toBe(1);
      expect(await retryKeys.forget(lastSentAt, 2)).toBe(0);

      const found = ['a', 'b', 'c', 'd'].map((key) => retryKeys.find(app.no, key));
      expect((await Promise.all(found)).map((row) => row !== undefined)).toEqual([false, false, false, true]);
    });
  });
}
