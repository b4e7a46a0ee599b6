import { beforeEach, describe, expect, it } from 'vitest';
import { messageStream, recallPolicyStream } from '../kernel/stream.js';
import { limits } from '../limits.js';
import type { Unit } from '../ports/commandStore.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import {
  createMemoryStorage,
  fatesOf,
  idAt,
  loopOn,
  policySample,
  recallSample,
  sampleInstant,
  scriptedStore,
  sendSample,
  writes,
} from '../testing/index.js';
import type { Fate } from '../testing/index.js';
import { Contended } from './faults.js';

let ports: StoragePorts;

function setUp(fateOf?: (units: readonly Unit[], nth: number) => Fate | Promise<Fate>, deps = {}) {
  const store = scriptedStore(ports.commands, fateOf);
  return { store, loop: loopOn(store, deps) };
}

const [m1, m2, m3] = [1, 2, 3].map((n) => idAt(sampleInstant, n)) as [string, string, string];
const recallId = (n: number) => idAt(sampleInstant + 60_000, n);
const ok = { ok: true };
const typesOf = async (msgId: string) =>
  (await ports.log.ofStream(1, messageStream(msgId))).map(({ type }) => type);

beforeEach(() => {
  ports = createMemoryStorage();
});

describe('when a stream moved meanwhile', () => {
  it('race, recall and recall on two nodes: the other’s recall is seen and refused', async () => {
    const other = loopOn(ports.commands);
    await other.submit([sendSample({ msgId: m1 })]);
    const { store, loop } = setUp(async (_, nth): Promise<Fate> => {
      if (nth === 1) await other.submit([recallSample({ msgId: m1, recallId: recallId(1) })]);
      return 'written';
    });

    const [mine] = await loop.submit([recallSample({ msgId: m1, recallId: recallId(2) })]);

    expect(mine).toEqual({ ok: false, code: 'alreadyRecalled' });
    expect(store.loads).toHaveLength(2);
    expect(await typesOf(m1)).toEqual(['MessageSent', 'MessageRecalled']);
  });

  it('the whole batch is decided again, and those that share no stream with the other node stand', async () => {
    const other = loopOn(ports.commands);
    await other.submit([sendSample({ msgId: m1 })]);
    const { store, loop } = setUp(async (_, nth): Promise<Fate> => {
      if (nth === 1) await other.submit([recallSample({ msgId: m1, recallId: recallId(1) })]);
      return 'written';
    });

    const fates = await fatesOf([
      loop.submit([recallSample({ msgId: m1, recallId: recallId(2) })]),
      loop.submit([sendSample({ msgId: m2 })]),
    ]);

    expect(fates).toMatchObject([{ ok: false, code: 'alreadyRecalled' }, ok]);
    expect(store.commits.map(({ length }) => length)).toEqual([2, 1]);
  });

  it('a unit whose stream keeps moving is contended in the end, and that one only', async () => {
    const { store, loop } = setUp((units) => (writes(units, m2) ? 'moved' : 'written'));

    const submits = [m1, m2, m3].map((msgId) => loop.submit([sendSample({ msgId })]));

    await expect(submits[1]).rejects.toThrow(Contended);
    expect(await fatesOf(submits)).toMatchObject([ok, expect.stringContaining('5 attempts'), ok]);
    const tries = store.commits.map((units) => [units.length, writes(units, m2)]);
    expect(tries.slice(0, 3)).toEqual([
      [3, true],
      [3, true],
      [1, false],
    ]);
    expect(tries.filter(([, withM2]) => withM2)).toHaveLength(2 + limits.commitAttemptsMax);
    expect(await typesOf(m2)).toEqual([]);
  });

  it('a unit goes through at its last attempt', async () => {
    const tries = 2 + limits.commitAttemptsMax;
    const { store, loop } = setUp((_, nth) => (nth < tries ? 'moved' : 'written'));

    expect(await loop.submit([sendSample({ msgId: m1 })])).toMatchObject([ok]);
    expect(store.commits).toHaveLength(tries);
  });

  it.each([1, 2, 3])('a recall in the batch of its sending is not lost (moved %d times)', async (times) => {
    const { loop } = setUp((_, nth) => (nth <= times ? 'moved' : 'written'));

    const fates = await fatesOf([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit([recallSample({ msgId: m1 })]),
      loop.submit([sendSample({ msgId: m2 })]),
    ]);

    expect(fates).toMatchObject([ok, { ok: true, events: [{ data: { messageSeq: 1 } }] }, ok]);
    expect(await typesOf(m1)).toEqual(['MessageSent', 'MessageRecalled']);
  });

  it('what waited for the batch of its sending is decided once, also when that batch had to come back', async () => {
    const { loop } = setUp((_, nth) => (nth === 1 ? 'moved' : 'written'));
    const there = policySample({ windowSeconds: 60 });
    const back = policySample({ windowSeconds: 120 });

    const [, outcomes] = await Promise.all([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit<'RecallMessage' | 'ChangeRecallPolicy'>([recallSample({ msgId: m1 }), there, back]),
    ]);

    expect(outcomes).toMatchObject([ok, ok, ok]);
    expect(await ports.log.ofStream(1, recallPolicyStream)).toHaveLength(2);
  });

  it('a recall in the batch of its sending is not lost when that batch fails', async () => {
    const { loop } = setUp((_, nth) => (nth === 1 ? new Error('disk I/O error') : 'written'));

    const fates = await fatesOf([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit([recallSample({ msgId: m1 })]),
    ]);

    expect(fates).toMatchObject([ok, { ok: true, events: [{ data: { messageSeq: 1 } }] }]);
  });
});
