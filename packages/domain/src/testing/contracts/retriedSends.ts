import { describe, expect, it } from 'vitest';
import type { RetryKeyPut, Unit } from '../../ports/commandStore.js';
import { appSample, idAt, sampleInstant } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { loadOne, sendUnit, wholeLog } from '../units.js';

const [m1, m2, m3] = [1, 2, 3].map((n) => idAt(sampleInstant, n)) as [string, string, string];
const moved = { ok: false, reason: 'moved' };
const ok = { ok: true };

/** What the write side promises of messages that clients may send again: one is sent under a key. */
export function describeRetriedSends(name: string, harness: StorageHarness): void {
  describe(`CommandStore, keys of messages sent again: ${name}`, () => {
    const world = useWorld(harness);
    const sendUnder = (msgId: string, ...keys: readonly string[]): Unit => ({
      ...sendUnit(world().app.no, { msgId }),
      retryKeys: keys.map((key): RetryKeyPut => ({ event: 0, key })),
    });
    const commit = (...units: readonly Unit[]) => world().ports.commands.commit(units);
    const find = async (key: string) => (await world().ports.retryKeys.find(world().app.no, key))?.msgId;

    it('knows under which keys something was sent, those that are asked for', async () => {
      const { ports, app } = world();
      const keys = ['ü/1 %', '群|"2\'', 'k'.repeat(512)] as const;
      await commit(sendUnder(m1, keys[0]), sendUnder(m2, keys[1]), sendUnder(m3, keys[2]));

      const { retried } = await loadOne(ports, { app: app.no, retryKeys: [keys[0], keys[2], 'unknown'] });

      expect(retried).toEqual(
        new Map([
          [keys[0], m1],
          [keys[2], m3],
        ]),
      );
      expect((await loadOne(ports, { app: app.no })).retried.size).toBe(0);
    });

    it('finds the event of a unit that a key is of', async () => {
      const [first, second] = [sendUnder(m1), sendUnder(m2)];
      const unit = {
        ...first,
        appends: [...first.appends, ...second.appends],
        puts: [],
        retryKeys: [
          { event: 1, key: 'of the second' },
          { event: 0, key: 'of the first' },
        ],
      };

      expect(await commit(unit)).toMatchObject(ok);

      expect([await find('of the first'), await find('of the second')]).toEqual([m1, m2]);
    });

    it('answers moved to a key that is taken, and writes nothing of the batch', async () => {
      const { ports, app } = world();
      await commit(sendUnder(m1, 'key'));

      expect(await commit(sendUnder(m2), sendUnder(m3, 'key'))).toEqual(moved);

      expect(await wholeLog(ports)).toHaveLength(1);
      expect((await ports.contents.read(app.no, [m2, m3])).size).toBe(0);
      expect(await world().roaming('u2', 'u1')).toHaveLength(1);
      expect(await find('key')).toBe(m1);
    });

    it('answers moved to a key that is twice in one batch, and does not take it', async () => {
      expect(await commit(sendUnder(m1, 'key'), sendUnder(m2, 'key'))).toEqual(moved);
      expect(await find('key')).toBeUndefined();
      expect(await wholeLog(world().ports)).toEqual([]);

      expect(await commit(sendUnder(m2, 'key'))).toMatchObject(ok);
      expect(await find('key')).toBe(m2);
    });

    it('does not take the key of a batch whose stream moved', async () => {
      await commit(sendUnder(m1));

      expect(await commit(sendUnder(m2, 'key'), sendUnder(m1, 'other'))).toEqual(moved);

      expect([await find('key'), await find('other')]).toEqual([undefined, undefined]);
    });

    it('compares keys as given', async () => {
      expect(await commit(sendUnder(m1, 'key'), sendUnder(m2, 'KEY'), sendUnder(m3, 'key '))).toMatchObject(
        ok,
      );
      expect([await find('key'), await find('KEY'), await find('key ')]).toEqual([m1, m2, m3]);
    });

    it('keeps apps apart, in one batch too', async () => {
      const { ports } = world();
      const created = await ports.apps.create(appSample({ name: 'other-app' }));
      const other = typeof created === 'object' ? created.no : 0;
      const theirs = { ...sendUnit(other, { msgId: m2 }), retryKeys: [{ event: 0, key: 'key' }] };

      expect(await commit(sendUnder(m1, 'key'), theirs)).toMatchObject(ok);

      expect(await find('key')).toBe(m1);
      expect((await loadOne(ports, { app: other, retryKeys: ['key'] })).retried.get('key')).toBe(m2);
    });

    it('takes a key anew once it is forgotten', async () => {
      await commit(sendUnder(m1, 'key'));
      await world().ports.retryKeys.forget(sampleInstant + 1, 10);

      expect(await commit(sendUnder(m2, 'key'))).toMatchObject(ok);

      expect(await find('key')).toBe(m2);
    });

    it('race, send and send again: one of them wins', async () => {
      const outcomes = await Promise.all([m1, m2, m3].map((msgId) => commit(sendUnder(msgId, 'key'))));

      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
      expect(outcomes.filter((outcome) => !outcome.ok)).toEqual([moved, moved]);
      const [sent, ...others] = await wholeLog(world().ports);
      expect(others).toEqual([]);
      expect(sent?.type === 'MessageSent' && sent.data.msgId).toBe(await find('key'));
    });
  });
}
