import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '@recalld/domain';
import { planDeliveries } from './planDeliveries.js';
import { groupRecallSample, recallSample, ruleSample, sampleNow, sampleOrigin } from './testing/samples.js';

const plan = planDeliveries();
const easemob = ruleSample({ id: 'e', version: 3 });
const tencent = ruleSample({ id: 't', dialect: 'tencent' });

const otherEvents: readonly DomainEvent[] = [
  {
    type: 'ConversationDeleted',
    data: {
      user: 'u1',
      kind: 'chat',
      channel: 'u2',
      throughSeq: 1,
      roaming: 'kept',
      origin: sampleOrigin,
      originDevice: null,
    },
    occurredAt: sampleNow,
    actor: 'u1',
  },
  { type: 'MessageExpired', data: { msgId: '1' }, occurredAt: sampleNow, actor: 'recalld' },
];

describe('the deliveries of a unit', () => {
  it('are one per rule for one recall, in the order of its chat', () => {
    expect(plan([recallSample()], [easemob, tencent])).toEqual([
      { rule: { id: 'e', version: 3 }, events: [0], orderKey: 'pair/u1/u2' },
      { rule: { id: 't', version: 1 }, events: [0], orderKey: 'pair/u1/u2' },
    ]);
  });

  it('are one per message in the easemob dialect and one per group in the tencent dialect', () => {
    const decided = [
      groupRecallSample(1),
      groupRecallSample(2),
      groupRecallSample(9, { chat: { kind: 'groupchat', id: 'g2' } }),
      groupRecallSample(3),
    ];

    const events = (ruleId: string) =>
      plan(decided, [easemob, tencent]).flatMap(({ rule, events }) => (rule.id === ruleId ? [events] : []));

    expect(events('e')).toEqual([[0], [1], [2], [3]]);
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

  it.each(['easemob', 'tencent'] as const)('respect what a %s rule wants to hear', (dialect) => {
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

  it('are none for what is no recall, for no events and for a dialect that does not exist', () => {
    expect(plan(otherEvents, [easemob, tencent])).toEqual([]);
    expect(plan([], [easemob, tencent])).toEqual([]);
    expect(plan([recallSample()], [ruleSample({ dialect: 'native' })])).toEqual([]);
  });
});
