import { describe, expect, it } from 'vitest';
import type { CallbackRule, DomainEvent } from '@recalld/domain';
import { planDeliveries } from './planDeliveries.js';
import {
  acknowledgementSample,
  deletionSample,
  endedSample,
  expirySample,
  policySample,
  purgeSample,
  readingSample,
  resumptionSample,
  sendingSample,
  suspensionSample,
  testSample,
} from './testing/events.js';
import { groupRecallSample, recallSample, ruleSample } from './testing/samples.js';

const plan = planDeliveries();
const easemob = ruleSample({ id: 'e', version: 3 });
const tencent = ruleSample({ id: 't', dialect: 'tencent' });

const native = ruleSample({ id: 'n', dialect: 'native' });

/** One event of each type that the vendors' formats do not know. */
const otherEvents: readonly DomainEvent[] = [
  sendingSample(),
  deletionSample(),
  purgeSample(),
  expirySample(),
  policySample(),
  suspensionSample(),
  resumptionSample(),
  acknowledgementSample(),
  readingSample(),
  endedSample(),
];

describe('the deliveries of a unit', () => {
  it('are one per rule for one recall, without an order', () => {
    expect(plan([recallSample()], [easemob, tencent, native])).toEqual([
      { rule: { id: 'e', version: 3 }, events: [0], orderKey: null },
      { rule: { id: 't', version: 1 }, events: [0], orderKey: null },
      { rule: { id: 'n', version: 1 }, events: [0], orderKey: null },
    ]);
  });

  it('are one per message in the easemob and native dialects and one per group in the tencent dialect', () => {
    const decided = [
      groupRecallSample(1),
      groupRecallSample(2),
      groupRecallSample(9, { chat: { kind: 'groupchat', id: 'g2' } }),
      groupRecallSample(3),
    ];

    const events = (ruleId: string) =>
      plan(decided, [easemob, tencent, native]).flatMap(({ rule, events }) =>
        rule.id === ruleId ? [events] : [],
      );

    expect(events('e')).toEqual([[0], [1], [2], [3]]);
    expect(events('n')).toEqual([[0], [1], [2], [3]]);
    expect(events('t')).toEqual([[0, 1, 3], [2]]);
  });

  it('are one per message for one-to-one recalls in both dialects', () => {
    const decided = [recallSample({ msgId: '1' }), recallSample({ msgId: '2' })];

    expect(plan(decided, [tencent]).map(({ events }) => events)).toEqual([[0], [1]]);
  });

  it('leave out, for tencent alone, a message that the server never had', () => {
    const never = { held: false, messageSeq: null, messageKey: null };
    const decided = [recallSample(never), groupRecallSample(1, never), groupRecallSample(2)];

    expect(plan(decided, [tencent]).map(({ events }) => events)).toEqual([[2]]);
    expect(plan(decided, [easemob]).map(({ events }) => events)).toEqual([[0], [1], [2]]);
  });

  it.each(['easemob', 'tencent', 'native'] as const)('respect what a %s rule wants to hear', (dialect) => {
    const decided = [
      recallSample(),
      groupRecallSample(1),
      groupRecallSample(2, { chat: { kind: 'chatroom', id: 'r1', groupType: 'ChatRoom' } }),
    ];
    const only = (change: object) => plan(decided, [ruleSample({ dialect, ...change })]);

    expect(only({ chatTypes: ['groupchat'] }).map(({ events }) => events)).toEqual([[1]]);
    expect(only({ chatTypes: ['chat', 'chatroom'] }).map(({ events }) => events)).toEqual([[0], [2]]);
    expect(only({ enabled: false })).toEqual([]);
  });

  it('are none for what is no recall in a format that knows only recalls, and for no events', () => {
    expect(plan(otherEvents, [easemob, tencent])).toEqual([]);
    expect(plan([], [easemob, tencent, native])).toEqual([]);
  });
});

describe('the deliveries of a native rule', () => {
  const typesTo = (change: Partial<CallbackRule>, decided = [recallSample(), ...otherEvents]) =>
    plan(decided, [{ ...native, ...change }]).map(({ events }) => decided[events[0] ?? -1]?.type);

  it('are one per event that has a public name', () => {
    expect(plan(otherEvents, [native]).map(({ events }) => events)).toEqual([[1], [2], [4], [5], [6]]);
  });

  it('are narrowed by the rule’s events', () => {
    expect(typesTo({ events: ['attachment.purged', 'message.recalled'] })).toEqual([
      'MessageRecalled',
      'AttachmentPurged',
    ]);
    expect(typesTo({ events: [] })).toEqual([]);
  });

  it('are filtered by chat types where an event belongs to a chat, and only there', () => {
    const ofNoChat = [
      'AttachmentPurged',
      'RecallPolicyChanged',
      'CallbackRuleSuspended',
      'CallbackRuleResumed',
    ];

    expect(typesTo({ chatTypes: [] })).toEqual(ofNoChat);
    expect(typesTo({ chatTypes: ['chat'] })).toEqual(['MessageRecalled', 'ConversationDeleted', ...ofNoChat]);
    expect(typesTo({ chatTypes: ['chat'] }, [deletionSample({ kind: 'groupchat' })])).toEqual([]);
    expect(typesTo({ chatTypes: ['groupchat'] }, [deletionSample({ kind: 'groupchat' })])).toEqual([
      'ConversationDeleted',
    ]);
  });

  it('never tell a rule of its own health: it is the one that does not answer', () => {
    const about = { ruleId: native.id, ruleName: native.name };

    expect(typesTo({}, [suspensionSample(about), resumptionSample(about)])).toEqual([]);
  });

  it('are none while the rule is not enabled', () => {
    expect(typesTo({ enabled: false })).toEqual([]);
  });
});

describe('a test of a rule', () => {
  it.each([easemob, tencent, native])(
    'is planned for that $dialect rule alone, whatever it filters',
    (rule) => {
      const picky = { ...rule, chatTypes: [], events: [] };
      const others = [easemob, tencent, native].filter(({ id }) => id !== rule.id);

      expect(plan([testSample({ ruleId: rule.id })], [...others, picky])).toEqual([
        { rule: { id: rule.id, version: rule.version }, events: [0], orderKey: null },
      ]);
    },
  );

  it.each([easemob, tencent, native])('is not planned for a $dialect rule that is not enabled', (rule) => {
    expect(plan([testSample({ ruleId: rule.id })], [{ ...rule, enabled: false }])).toEqual([]);
  });
});

describe('the order that an ordered rule asks for', () => {
  const keysOf = (...decided: readonly DomainEvent[]) =>
    plan(decided, [{ ...native, ordered: true }]).map(({ orderKey }) => orderKey);

  it('is that of the conversation: of its recalls and of its deletion', () => {
    expect(keysOf(recallSample(), deletionSample())).toEqual(['pair/u1/u2', 'pair/u1/u2']);
    expect(keysOf(groupRecallSample(1), deletionSample({ kind: 'groupchat', channel: 'g1' }))).toEqual([
      'group/g1',
      'group/g1',
    ]);
  });

  it('is that of what happened to it where an event belongs to no chat', () => {
    const test = testSample({ ruleId: native.id });

    expect(keysOf(purgeSample(), policySample(), suspensionSample(), resumptionSample(), test)).toEqual([
      'message/1',
      'recall-policy',
      'callback-rule/other',
      'callback-rule/other',
      'callback-rule/n',
    ]);
  });

  it.each([easemob, tencent])('is kept in the $dialect dialect too', (rule) => {
    const [due] = plan([groupRecallSample(1)], [{ ...rule, ordered: true }]);

    expect(due?.orderKey).toBe('group/g1');
  });
});
