import { beforeEach, describe, expect, it } from 'vitest';
import { messageStream } from '../kernel/stream.js';
import { limits } from '../limits.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import {
  createMemoryStorage,
  deleteSample,
  idAt,
  loopOn,
  policySample,
  recallSample,
  ruleSample,
  sampleInstant,
  scriptedStore,
  sendSample,
  wholeLog,
} from '../testing/index.js';
import type { CommandLoopDeps } from './commandLoop.js';
import { Overloaded } from './faults.js';

let ports: StoragePorts;

/** A loop over a store that keeps count of its commits. */
function setUp(deps: Partial<CommandLoopDeps> = {}) {
  const store = scriptedStore(ports.commands);
  return { store, loop: loopOn(store, deps) };
}

const ids = (count: number) => Array.from({ length: count }, (_, n) => idAt(sampleInstant, n));
const sizes = (commits: readonly (readonly unknown[])[]) => commits.map(({ length }) => length);

beforeEach(() => {
  ports = createMemoryStorage();
});

describe('batching', () => {
  it('takes what arrived in one turn into one commit, and one read', async () => {
    const { store, loop } = setUp();

    const outcomes = await Promise.all(ids(100).map((msgId) => loop.submit([sendSample({ msgId })])));

    expect(sizes(store.commits)).toEqual([100]);
    expect(sizes(store.loads)).toEqual([1]);
    expect(outcomes.map(([outcome]) => outcome?.ok && outcome.events[0]?.stream)).toEqual(
      ids(100).map(messageStream),
    );
  });

  it('takes no more units than a batch may have, and then the rest', async () => {
    const { store, loop } = setUp();
    await Promise.all(ids(300).map((msgId) => loop.submit([sendSample({ msgId })])));
    expect(sizes(store.commits)).toEqual([limits.batchUnitsMax, 300 - limits.batchUnitsMax]);

    const small = setUp({ batchUnitsMax: 2 });
    await Promise.all(
      ids(5).map((msgId) => small.loop.submit([recallSample({ msgId, recallId: `9${msgId}`.slice(0, 18) })])),
    );
    expect(sizes(small.store.commits)).toEqual([2, 2, 1]);
  });

  it('gathers in the next batch what arrives while one is on its way', async () => {
    const gathered: Promise<unknown>[] = [];
    const [first, ...later] = ids(4);
    const store = scriptedStore(ports.commands, (_, nth) => {
      if (nth === 1) gathered.push(...later.map((msgId) => loop.submit([sendSample({ msgId })])));
      return 'written';
    });
    const { loop } = setUp({ store });

    await loop.submit([sendSample({ msgId: first ?? '' })]);
    await Promise.all(gathered);

    expect(sizes(store.commits)).toEqual([1, 3]);
  });

  it('waits for a turn of the event loop before it takes a batch', async () => {
    let turn: () => void = () => undefined;
    const { store, loop } = setUp({ nextTurn: () => new Promise((resolve) => (turn = resolve)) });

    const answers = ids(3).map((msgId) => loop.submit([sendSample({ msgId })]));
    expect(store.loads).toEqual([]);
    turn();
    await Promise.all(answers);

    expect(sizes(store.commits)).toEqual([3]);
  });

  it('decides commands of several apps in one batch, each on its own facts', async () => {
    const { store, loop } = setUp();
    const [msgId = ''] = ids(1);

    const outcomes = await Promise.all([1, 2].map((app) => loop.submit([sendSample({ app, msgId })])));

    expect(sizes(store.commits)).toEqual([2]);
    expect(outcomes.flat().map((outcome) => outcome.ok && outcome.events[0]?.app)).toEqual([1, 2]);
  });
});

describe('deciding', () => {
  it('gives one outcome per command of a unit, in order, refused or not', async () => {
    const { store, loop } = setUp();
    const [m1 = '', m2 = '', m3 = ''] = ids(3);
    await loop.submit([sendSample({ msgId: m1 }), sendSample({ msgId: m3 })]);

    const outcomes = await loop.submit(
      [m1, m2, m3].map((msgId, n) => recallSample({ msgId, recallId: idAt(sampleInstant + 60_000, n) })),
    );

    const told = outcomes.map((outcome) => (outcome.ok ? outcome.events[0]?.stream : outcome.code));
    expect(told).toEqual([messageStream(m1), 'notFound', messageStream(m3)]);
    expect(store.commits[1]?.[0]?.appends.map(({ stream }) => stream)).toEqual([m1, m3].map(messageStream));
    const commandIds = outcomes.flatMap((outcome) => (outcome.ok ? outcome.events : []));
    expect(new Set(commandIds.map(({ commandId }) => commandId))).toEqual(new Set(['c2']));
  });

  it('shows a later command what an earlier one of the batch decided', async () => {
    const { store, loop } = setUp();
    const [m1 = ''] = ids(1);
    await loop.submit([sendSample({ msgId: m1 })]);

    const [off, recall, on, again] = await Promise.all([
      loop.submit([policySample({ enabled: false })]),
      loop.submit([recallSample({ msgId: m1 })]),
      loop.submit([policySample({ enabled: true, windowSeconds: 60 })]),
      loop.submit([recallSample({ msgId: m1 })]),
    ]);

    expect(sizes(store.commits)).toEqual([1, 3]);
    expect(off).toMatchObject([{ ok: true }]);
    expect(recall).toEqual([{ ok: false, code: 'serviceDisabled' }]);
    expect(on).toMatchObject([{ ok: true }]);
    expect(again).toMatchObject([{ ok: true, events: [{ data: { policyVersion: 2 } }] }]);
  });

  it('lets one of two recalls in a batch win, and commits that one only', async () => {
    const { store, loop } = setUp();
    const [m1 = ''] = ids(1);
    await loop.submit([sendSample({ msgId: m1 })]);

    const outcomes = await Promise.all(
      [1, 2].map((n) =>
        loop.submit([recallSample({ msgId: m1, recallId: idAt(sampleInstant + 60_000, n) })]),
      ),
    );

    expect(outcomes.flat()).toMatchObject([{ ok: true }, { ok: false, code: 'alreadyRecalled' }]);
    expect(sizes(store.commits)).toEqual([1, 1]);
    expect(store.loads).toHaveLength(2);
  });

  it('commits nothing, and plans nothing, when nothing has to change', async () => {
    const plan: CommandLoopDeps['plan'] = () => {
      throw new Error('there is nothing to plan');
    };
    const { store, loop } = setUp({ plan });

    const outcomes = await Promise.all([
      loop.submit([policySample({ windowSeconds: 120 })]),
      loop.submit([deleteSample()]),
      loop.submit([recallSample()]),
    ]);

    expect(outcomes.flat()).toEqual([
      { ok: true, events: [] },
      { ok: true, events: [] },
      { ok: false, code: 'notFound' },
    ]);
    expect(store.commits).toEqual([]);
  });

  it('gives a recall in the batch of its own sending the MsgSeq that the sending got', async () => {
    const { store, loop } = setUp();
    const [m1 = '', m2 = ''] = ids(2);

    const [, , recall, second] = await Promise.all([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit([sendSample({ msgId: m2 })]),
      loop.submit([recallSample({ msgId: m2 })]),
      loop.submit([recallSample({ msgId: m2, recallId: idAt(sampleInstant + 60_000, 9) })]),
    ]);

    expect(sizes(store.commits)).toEqual([2, 1]);
    const key = expect.stringMatching(/^2_\d+_\d+$/) as unknown;
    expect(recall).toMatchObject([{ ok: true, events: [{ data: { messageSeq: 2, messageKey: key } }] }]);
    expect(second).toEqual([{ ok: false, code: 'alreadyRecalled' }]);
  });

  it('plans deliveries by the rules as they were read with the batch', async () => {
    const { store, loop } = setUp();
    const [m1 = '', m2 = ''] = ids(2);
    await ports.rules.create(ruleSample(1, 'r1'));
    await loop.submit([m1, m2].map((msgId) => sendSample({ msgId })));

    await loop.submit(
      [m1, m2].map((msgId, n) => recallSample({ msgId, recallId: idAt(sampleInstant + 60_000, n) })),
    );

    expect(store.commits.map((units) => units.flatMap(({ deliveries }) => deliveries))).toMatchObject([
      [],
      [
        { rule: { id: 'r1', version: 1 }, events: [0] },
        { rule: { id: 'r1', version: 1 }, events: [1] },
      ],
    ]);
  });
});

describe('around the loop', () => {
  it('tells what each commit recorded, and how many deliveries it made', async () => {
    const told: (readonly [readonly string[], number])[] = [];
    const { loop } = setUp({
      onCommitted: (recorded, deliveries) => told.push([recorded.map(({ type }) => type), deliveries]),
    });
    const [m1 = ''] = ids(1);
    await ports.rules.create(ruleSample(1, 'r1'));
    await ports.rules.create(ruleSample(1, 'r2'));

    await loop.submit([sendSample({ msgId: m1 })]);
    await loop.submit([recallSample({ msgId: m1 })]);
    await loop.submit([recallSample({ msgId: m1, recallId: idAt(sampleInstant, 9) })]);

    expect(told).toEqual([
      [['MessageSent'], 0],
      [['MessageRecalled'], 2],
    ]);
  });

  it('drains: everything submitted so far has its answer', async () => {
    const { loop } = setUp({ batchUnitsMax: 2 });
    let answered = 0;
    const answers = ids(7).map(async (msgId) => {
      await loop.submit([sendSample({ msgId })]);
      answered += 1;
    });

    await loop.drain();

    expect(answered).toBe(7);
    await Promise.all(answers);
    expect(await wholeLog(ports)).toHaveLength(7);
  });

  it('has nothing to drain while it is idle, before and after its work', async () => {
    const { loop } = setUp();
    await expect(loop.drain()).resolves.toBeUndefined();

    await loop.submit([sendSample()]);

    await expect(loop.drain()).resolves.toBeUndefined();
  });

  it('is overloaded when its queue is full, and takes work again when it is not', async () => {
    let turn: () => void = () => undefined;
    const nextTurn = () => new Promise<void>((resolve) => (turn = resolve));
    const { loop } = setUp({ nextTurn, batchUnitsMax: limits.queueUnitsMax });
    const waiting = Array.from({ length: limits.queueUnitsMax }, () => loop.submit([deleteSample()]));

    await expect(loop.submit([sendSample()])).rejects.toThrow(Overloaded);

    turn();
    expect((await Promise.all(waiting)).flat().every(({ ok }) => ok)).toBe(true);
    const later = loop.submit([sendSample()]);
    await Promise.resolve();
    turn();
    expect(await later).toMatchObject([{ ok: true }]);
    expect(await wholeLog(ports)).toHaveLength(1);
  });

  it('takes units of one to so many commands, all of one app', async () => {
    const { loop } = setUp();
    const most = Array.from({ length: limits.unitCommandsMax }, () => deleteSample());
    expect(await loop.submit(most)).toHaveLength(limits.unitCommandsMax);
    const tooMany = Array.from({ length: limits.unitCommandsMax + 1 }, () => deleteSample());

    expect(() => loop.submit([])).toThrow('a unit has 1 to 1000 commands, not 0');
    expect(() => loop.submit(tooMany)).toThrow('not 1001');
    expect(() => loop.submit([deleteSample({ app: 1 }), deleteSample({ app: 2 })])).toThrow('of one app');
  });
});
