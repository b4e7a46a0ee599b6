import { describe, expect, it } from 'vitest';
import { messageStream, pairTimeline, recallPolicyStream } from '../kernel/stream.js';
import {
  deleteSample,
  idAt,
  policySample,
  recallSample,
  sampleInstant,
  sendSample,
  tellSample,
  testSample,
} from '../testing/index.js';
import { wantedFacts } from './wantedFacts.js';

const [m1, m2] = [idAt(sampleInstant, 1), idAt(sampleInstant, 2)];
const group = { kind: 'groupchat', id: 'g1' } as const;
const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const nothing = { app: 1, streams: [], chats: [], roles: [], heads: [] };

describe('what a command wants to know', () => {
  it.each([
    ['a message to a user: its own stream', sendSample({ msgId: m1 }), { streams: [messageStream(m1)] }],
    [
      'a message to a group: the group too',
      sendSample({ msgId: m1, ...inGroup }),
      { streams: [messageStream(m1)], chats: [group] },
    ],
    [
      'a recall by the app: the policy too',
      recallSample({ msgId: m1 }),
      { streams: [messageStream(m1), recallPolicyStream] },
    ],
    [
      'a recall by the app in a group: no role',
      recallSample({ msgId: m1, ...inGroup }),
      { streams: [messageStream(m1), recallPolicyStream], chats: [group] },
    ],
    [
      'a recall by a user in a group: the user’s role there',
      recallSample({ msgId: m1, ...inGroup, authority: 'user', by: 'boss' }),
      {
        streams: [messageStream(m1), recallPolicyStream],
        chats: [group],
        roles: [{ chat: group, user: 'boss' }],
      },
    ],
    [
      'a recall by a user in a one-to-one chat: no role',
      recallSample({ msgId: m1, authority: 'user' }),
      { streams: [messageStream(m1), recallPolicyStream] },
    ],
    [
      'a deletion: how many messages the chat has',
      deleteSample(),
      { streams: ['conversation/u1/chat/u2'], heads: [pairTimeline('u1', 'u2')] },
    ],
    ['a change of the policy: the policy', policySample(), { streams: [recallPolicyStream] }],
    [
      'an expiry: the message',
      { type: 'ExpireMessage', app: 1, msgId: m1, now: 0 },
      { streams: [messageStream(m1)] },
    ],
    [
      'a purge: the message',
      { type: 'PurgeAttachment', app: 1, msgId: m1, attachment: 'a', now: 0 },
      { streams: [messageStream(m1)] },
    ],
    [
      'the health of a rule: what its owner was told',
      tellSample({ ruleId: 'r/1' }),
      { streams: ['callback-rule/r%2F1'] },
    ],
    [
      'a test of a rule: whether it was made already, whatever else the rule went through',
      testSample({ recallId: m2 }),
      { streams: [`callback-rule-test/${m2}`] },
    ],
  ] as const)('%s', (_, command, expected) => {
    expect(wantedFacts([command])).toEqual([{ ...nothing, ...expected }]);
  });

  it('is asked once for a whole batch, app by app', () => {
    const moderator = { ...inGroup, authority: 'user', by: 'boss' } as const;
    const commands = [
      recallSample({ msgId: m1, ...moderator }),
      recallSample({ msgId: m2, ...moderator }),
      deleteSample({ app: 2 }),
      recallSample({ msgId: m1, ...moderator }),
      deleteSample({ app: 2, user: 'u2', channel: 'u1' }),
    ];

    expect(wantedFacts(commands)).toEqual([
      {
        app: 1,
        streams: [messageStream(m1), recallPolicyStream, messageStream(m2)],
        chats: [group],
        roles: [{ chat: group, user: 'boss' }],
        heads: [],
      },
      {
        ...nothing,
        app: 2,
        streams: ['conversation/u1/chat/u2', 'conversation/u2/chat/u1'],
        heads: [pairTimeline('u1', 'u2')],
      },
    ]);
  });
});
