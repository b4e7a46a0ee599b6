import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../events.js';
import type { CommandStore } from '../ports/commandStore.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import {
  ackSample,
  createMemoryStorage,
  deleteRoamingSample,
  deleteSample,
  endSample,
  fatesOf,
  idAt,
  loopOn,
  policySample,
  readSample,
  recallSample,
  ruleSample,
  sampleInstant,
  scriptedStore,
  sendSample,
  tellSample,
  testSample,
  wholeLog,
  writes,
} from '../testing/index.js';
import type { Fate } from '../testing/index.js';
import type { Command, CommandOf, CommandType } from './command.js';
import { Unavailable } from './faults.js';

const [m1, m2, m3] = [1, 2, 3].map((n) => idAt(sampleInstant, n)) as [string, string, string];
const hourLater = sampleInstant + 3_600_000;
const suspended = { status: 'suspended', since: sampleInstant, probes: 0, probeAt: hourLater } as const;
const send = sendSample({ msgId: m1, attachments: ['file'], expiresAt: hourLater, retryKey: 'u1 web 1' });

/** Every command, and what must have happened so that it records an event. */
const commands: {
  readonly [T in CommandType]: { readonly before: readonly Command[]; readonly command: CommandOf<T> };
} = {
  SendMessage: { before: [], command: send },
  RecallMessage: { before: [send], command: recallSample({ msgId: m1 }) },
  ExpireMessage: { before: [send], command: { type: 'ExpireMessage', app: 1, msgId: m1, now: hourLater } },
  PurgeAttachment: {
    before: [send, recallSample({ msgId: m1 })],
    command: { type: 'PurgeAttachment', app: 1, msgId: m1, attachment: 'file', now: hourLater },
  },
  AcknowledgeMessage: { before: [send], command: ackSample({ msgId: m1 }) },
  DeleteConversation: { before: [send], command: deleteSample() },
  DeleteRoaming: { before: [send], command: deleteRoamingSample({ unwanted: { by: 'ids', msgIds: [m1] } }) },
  ReadConversation: { before: [send], command: readSample() },
  EndSessions: { before: [], command: endSample() },
  ChangeRecallPolicy: { before: [], command: policySample() },
  TellRuleHealth: { before: [], command: tellSample({ health: suspended }) },
  TestCallbackRule: { before: [], command: testSample({ msgId: m2, recallId: m3 }) },
};

let ports: StoragePorts;

beforeEach(async () => {
  ports = await ruledStorage();
});

async function ruledStorage(): Promise<StoragePorts> {
  const storage = createMemoryStorage();
  await storage.rules.create(ruleSample(1, 'r1'));
  return storage;
}

/** Another node: its submits have names of their own. */
function otherNode(storage: StoragePorts) {
  let submits = 0;
  return loopOn(storage.commands, { nextCommandId: () => `other ${(submits += 1)}` });
}

/** A node whose first commit has this fate; `meanwhile` happens between that and its next read. */
function nodeWith(fate: Fate, storage: StoragePorts, meanwhile?: () => Promise<unknown>) {
  const told: (readonly [readonly RecordedEvent[], number])[] = [];
  const store = scriptedStore(storage.commands, (_, nth) => (nth === 1 ? fate : 'written'));
  const load: CommandStore['load'] = async (wanted) => {
    if (store.commits.length === 1) await meanwhile?.();
    return await store.load(wanted);
  };
  const onCommitted = (recorded: readonly RecordedEvent[], deliveries: number) => {
    told.push([recorded, deliveries]);
  };
  return { loop: loopOn({ ...store, load }, { onCommitted }), told };
}

/** What a submit comes to, what it tells, and what the log then has. */
async function runWith(fate: Fate, before: readonly Command[], submitted: readonly Command[]) {
  const storage = await ruledStorage();
  for (const command of before) await otherNode(storage).submit([command]);
  const { loop, told } = nodeWith(fate, storage);
  return { outcomes: await loop.submit(submitted), told, log: await wholeLog(storage) };
}

describe('when the outcome of a commit is unknown', () => {
  const fates = ['unknownWritten', 'unknownLost'] as const;
  const rows = Object.entries(commands).flatMap(([type, row]) =>
    fates.map((fate) => ({ type, fate, ...row })),
  );

  it.each(rows)('$type ($fate) comes to what it always comes to', async ({ fate, before, command }) => {
    const usual = await runWith('written', before, [command]);
    expect(usual.outcomes).toMatchObject([{ ok: true, events: [{ commandId: 'c1' }] }]);

    expect(await runWith(fate, before, [command])).toEqual(usual);
  });

  it.each(fates)(
    'a unit of several commands, one of them refused, has the same outcomes (%s)',
    async (fate) => {
      const before = [send, sendSample({ msgId: m2 })];
      const unit = [
        recallSample({ msgId: m1 }),
        recallSample({ msgId: m3 }),
        policySample({ windowSeconds: 60 }),
        policySample({ windowSeconds: 60 }),
        recallSample({ msgId: m2, recallId: idAt(hourLater), now: sampleInstant + 30_000 }),
        policySample({ windowSeconds: 90 }),
      ];

      const usual = await runWith('written', before, unit);

      expect(usual.outcomes.map((outcome) => (outcome.ok ? outcome.events.length : outcome.code))).toEqual([
        1,
        'notFound',
        1,
        0,
        1,
        1,
      ]);
      expect(await runWith(fate, before, unit)).toEqual(usual);
    },
  );

  it('a submit of nothing but refusals is decided again with the others', async () => {
    const { loop } = nodeWith('unknownWritten', ports);

    const outcomes = await fatesOf([loop.submit([send]), loop.submit([recallSample({ msgId: m3 })])]);

    expect(outcomes).toMatchObject([{ ok: true }, { ok: false, code: 'notFound' }]);
  });
});

describe('what was written, though nobody heard of it, stands whatever another node does next', () => {
  const recordedBy = async (commandId: string) =>
    (await wholeLog(ports)).filter((event) => event.commandId === commandId);

  const cases: readonly (readonly [string, readonly Command[], Command, Command])[] = [
    ['a sending that is recalled', [], send, recallSample({ msgId: m1 })],
    [
      'a recall, and the service is switched off',
      [send],
      recallSample({ msgId: m1 }),
      policySample({ enabled: false }),
    ],
    ['a deletion, and a new message comes', [send], deleteSample(), sendSample({ msgId: m2 })],
    [
      'a policy that is changed',
      [],
      policySample({ windowSeconds: 60 }),
      policySample({ windowSeconds: 90 }),
    ],
    ['a suspension that ends', [], tellSample({ health: suspended }), tellSample()],
  ];

  it.each(cases)('%s', async (_, before, mine, theirs) => {
    for (const command of before) await otherNode(ports).submit([command]);
    const other = loopOn(ports.commands, { nextCommandId: () => 'theirs' });
    const { loop } = nodeWith('unknownWritten', ports, () => other.submit([theirs]));

    const outcomes = await loop.submit([mine]);

    const events = await recordedBy('c1');
    expect(events).toHaveLength(1);
    expect(outcomes).toEqual([{ ok: true, events }]);
    expect((await wholeLog(ports)).at(-1)).toMatchObject({ commandId: 'theirs' });
  });

  it('a test of a rule that is disabled', async () => {
    const disable = () => ports.rules.change(1, 'r1', { enabled: false }, { version: 1, now: sampleInstant });
    const { loop } = nodeWith('unknownWritten', ports, disable);

    const outcomes = await loop.submit([testSample()]);

    expect(outcomes).toEqual([{ ok: true, events: await recordedBy('c1') }]);
    expect(await ports.rules.find(1, 'r1')).toMatchObject({ enabled: false });
  });

  it('but what was lost meets what the other node did', async () => {
    await otherNode(ports).submit([send]);
    const theirs = recallSample({ msgId: m1, recallId: idAt(hourLater) });
    const { loop } = nodeWith('unknownLost', ports, () => otherNode(ports).submit([theirs]));

    expect(await loop.submit([recallSample({ msgId: m1 })])).toEqual([
      { ok: false, code: 'alreadyRecalled' },
    ]);
  });
});

describe('when storage is away', () => {
  const away = new Unavailable('no connection within 5000 ms');
  const sends = [m1, m2, m3].map((msgId) => sendSample({ msgId }));

  it('a batch waits for it once, and all of it is told', async () => {
    const store = scriptedStore(ports.commands, () => away);
    const loop = loopOn(store);

    const submits = sends.map((command) => loop.submit([command]));

    for (const submit of submits) await expect(submit).rejects.toBe(away);
    expect(store.commits).toHaveLength(1);
  });

  it('in the middle of a batch, what is not written yet is told at once', async () => {
    const store = scriptedStore(ports.commands, (units, nth) => {
      if (nth === 1) return new Error('disk I/O error');
      return writes(units, m1) ? 'written' : away;
    });
    const loop = loopOn(store);

    const submits = sends.map((command) => loop.submit([command]));

    expect(await fatesOf(submits)).toMatchObject([{ ok: true }, away.message, away.message]);
    expect(store.commits).toHaveLength(3);
  });

  it('and no commit ever says what became of it, nobody claims that nothing was written', async () => {
    const loop = loopOn(scriptedStore(ports.commands, () => 'unknownLost'));

    await expect(loop.submit([send])).rejects.toThrow(Unavailable);
  });
});
