import { beforeEach, describe, expect, it } from 'vitest';
import { messageStream, recallPolicyStream } from '../kernel/stream.js';
import type { SendMessage } from '../message/sendMessage.js';
import type { CommandStore, Unit } from '../ports/commandStore.js';
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
import type { CommandLoopDeps } from './commandLoop.js';

let ports: StoragePorts;

function setUp(fateOf?: (units: readonly Unit[], nth: number) => Fate | Promise<Fate>, deps = {}) {
  const store = scriptedStore(ports.commands, fateOf);
  return { store, loop: loopOn(store, deps) };
}

const [m1, m2, m3] = [1, 2, 3].map((n) => idAt(sampleInstant, n)) as [string, string, string];
const ok = { ok: true };
const typesOf = async (msgId: string) =>
  (await ports.log.ofStream(1, messageStream(msgId))).map(({ type }) => type);

beforeEach(() => {
  ports = createMemoryStorage();
});

describe('one bad unit fails alone', () => {
  /** A command that breaks its decider. */
  const poison: SendMessage = {
    ...sendSample({ msgId: idAt(sampleInstant, 9) }),
    get contentKind(): SendMessage['contentKind'] {
      throw new Error('a bug in a decider');
    },
  };

  it('when its decider throws', async () => {
    const { store, loop } = setUp();

    const fates = await fatesOf([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit([sendSample({ msgId: m2 }), poison]),
      loop.submit([sendSample({ msgId: m3 })]),
    ]);

    expect(fates).toMatchObject([ok, 'a bug in a decider', ok]);
    expect(store.commits.map(({ length }) => length)).toEqual([2]);
    expect(await typesOf(m2)).toEqual([]);
  });

  it('when it changes a message that it sends itself: the MsgSeq is not there yet', async () => {
    const { loop } = setUp();

    const fates = await fatesOf([
      loop.submit<'SendMessage' | 'RecallMessage'>([sendSample({ msgId: m1 }), recallSample({ msgId: m1 })]),
      loop.submit([sendSample({ msgId: m3 })]),
    ]);

    expect(fates).toMatchObject([expect.stringContaining('sent and changed in one submit'), ok]);
    expect(await typesOf(m1)).toEqual([]);
  });

  it('when the turn of the event loop fails, the work that waits is told, and later work goes on', async () => {
    let turns = 0;
    const nextTurn = async () => {
      turns += 1;
      if (turns === 1) throw new Error('no turn');
    };
    const { loop } = setUp(undefined, { nextTurn });

    expect(await fatesOf([loop.submit([sendSample({ msgId: m1 })])])).toEqual(['no turn']);
    expect(await fatesOf([loop.submit([sendSample({ msgId: m1 })])])).toMatchObject([ok]);
  });

  it('and what it had decided so far never was, for those after it', async () => {
    const { loop } = setUp();

    const fates = await fatesOf([
      loop.submit([sendSample({ msgId: m2 }), poison]),
      loop.submit([sendSample({ msgId: m2 })]),
      loop.submit([recallSample({ msgId: m2 })]),
    ]);

    expect(fates).toMatchObject(['a bug in a decider', ok, ok]);
    expect(await typesOf(m2)).toEqual(['MessageSent', 'MessageRecalled']);
  });

  it('and streams that it changed more than once are as they were before', async () => {
    const { loop } = setUp();
    const [there, back] = [policySample({ windowSeconds: 60 }), policySample({ windowSeconds: 120 })];

    const fates = await fatesOf([
      loop.submit<'ChangeRecallPolicy' | 'SendMessage'>([there, back, poison]),
      loop.submit([policySample({ windowSeconds: 30 })]),
    ]);

    expect(fates).toMatchObject([
      'a bug in a decider',
      { ok: true, events: [{ version: 1, data: { windowSeconds: 30, version: 1 } }] },
    ]);
  });

  it('when the planning of its deliveries throws', async () => {
    const plan: CommandLoopDeps['plan'] = (decided) => {
      if (decided.some(({ type }) => type === 'RecallPolicyChanged')) throw new Error('a bug in a dialect');
      return [];
    };
    const { loop } = setUp(undefined, { plan });

    const fates = await fatesOf([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit([policySample()]),
      loop.submit([sendSample({ msgId: m2 })]),
    ]);

    expect(fates).toMatchObject([ok, 'a bug in a dialect', ok]);
  });

  it('and a unit that is told of its fault is not written after all when the batch is decided again', async () => {
    let plans = 0;
    const plan: CommandLoopDeps['plan'] = (decided) => {
      if (!decided.some(({ type }) => type === 'RecallPolicyChanged')) return [];
      plans += 1;
      if (plans === 1) throw new Error('a bug that comes and goes');
      return [];
    };
    const { loop } = setUp((_, nth) => (nth === 1 ? 'moved' : 'written'), { plan });

    const fates = await fatesOf([loop.submit([sendSample({ msgId: m1 })]), loop.submit([policySample()])]);

    const policies = await ports.log.ofStream(1, recallPolicyStream);
    expect(fates).toMatchObject([ok, { ok: true, events: policies }]);
    expect(policies).toHaveLength(1);
  });

  it('when what it wants to know cannot be named', async () => {
    const { loop } = setUp();

    const fates = await fatesOf([
      loop.submit([sendSample({ msgId: m1 })]),
      loop.submit([sendSample({ msgId: m2, chatKind: 'groupchat', to: '\ud800' })]),
      loop.submit([sendSample({ msgId: m3 })]),
    ]);

    expect(fates).toMatchObject([ok, expect.stringContaining('URI'), ok]);
  });

  it('when the store cannot write it', async () => {
    const { store, loop } = setUp((units) => (writes(units, m2) ? new Error('disk I/O error') : 'written'));

    const fates = await fatesOf([m1, m2, m3].map((msgId) => loop.submit([sendSample({ msgId })])));

    expect(fates).toMatchObject([ok, 'disk I/O error', ok]);
    expect(store.commits.map(({ length }) => length)).toEqual([3, 1, 1, 1]);
  });

  it('when it is the only one: it fails with the store’s fault, and the loop goes on', async () => {
    const { store, loop } = setUp((_, nth) => (nth === 1 ? new Error('disk I/O error') : 'written'));

    await expect(loop.submit([sendSample({ msgId: m1 })])).rejects.toThrow('disk I/O error');

    expect(await loop.submit([sendSample({ msgId: m1 })])).toMatchObject([ok]);
    expect(store.commits).toHaveLength(2);
  });

  it('when the store does not answer for it', async () => {
    const silent: CommandStore = { ...ports.commands, load: async () => [] };
    await expect(loopOn(silent).submit([sendSample()])).rejects.toThrow('facts of app 1 were loaded');

    const short: CommandStore = { ...ports.commands, commit: async () => ({ ok: true, recorded: [] }) };
    await expect(loopOn(short).submit([sendSample()])).rejects.toThrow('1 units were committed, 0 answered');
  });

  it('when reading fails for the whole batch, each is tried once by itself', async () => {
    let loads = 0;
    const store: CommandStore = {
      ...ports.commands,
      load: (wanted) => {
        loads += 1;
        return loads === 1 ? Promise.reject(new Error('busy')) : ports.commands.load(wanted);
      },
    };
    const loop = loopOn(store);

    const fates = await fatesOf([m1, m2].map((msgId) => loop.submit([sendSample({ msgId })])));

    expect(fates).toMatchObject([ok, ok]);
    expect(loads).toBe(3);
  });
});
