import { describe, expect, it } from 'vitest';
import type { RestraintScope } from '../chat/restraint.js';
import { messageStream, pairTimeline, recallPolicyStream } from '../kernel/stream.js';
import {
  ackSample,
  deleteSample,
  endSample,
  idAt,
  policySample,
  readSample,
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
const restraint = (scope: RestraintScope) => ({ scope, user: 'u1' });
const nothing = { app: 1, streams: [], chats: [], roles: [], restraints: [], heads: [], retryKeys: [] };

describe('what a command wants to know', () => {
  it.each([
    ['a message to a user: its own stream', sendSample({ msgId: m1 }), { streams: [messageStream(m1)] }],
    [
      'a message to a group: the group too',
      sendSample({ msgId: m1, ...inGroup }),
      { streams: [messageStream(m1)], chats: [group] },
    ],
    [
      'a message that may be a second try: what was sent under its key',
      sendSample({ msgId: m1, authority: 'user', retryKey: 'u1 web 1' }),
      {
        streams: [messageStream(m1)],
        restraints: [restraint({ by: 'app', kind: 'chat' }), restraint({ by: 'user', user: 'u2' })],
        retryKeys: ['u1 web 1'],
      },
    ],
    [
      'a message by a user to a group: the user’s role there, and what keeps it from sending',
      sendSample({ msgId: m1, ...inGroup, authority: 'user' }),
      {
        streams: [messageStream(m1)],
        chats: [group],
        roles: [{ chat: group, user: 'u1' }],
        restraints: [restraint({ by: 'app', kind: 'groupchat' }), restraint({ by: 'chat', chat: group })],
      },
    ],
    [
      'an acknowledgement: the message, and what was said of it before',
      ackSample({ msgId: m1, by: 'u2' }),
      { streams: [`acknowledgement/${m1}/u2`, messageStream(m1)] },
    ],
    [
      'an acknowledgement in a group: the reader’s role there too',
      ackSample({ msgId: m1, by: 'u2', ...inGroup }),
      {
        streams: [`acknowledgement/${m1}/u2`, messageStream(m1)],
        roles: [{ chat: group, user: 'u2' }],
      },
    ],
    [
      'a reading: how many messages the chat has',
      readSample(),
      { streams: ['conversation/u2/chat/u1'], heads: [pairTimeline('u1', 'u2')] },
    ],
    [
      'an end of sessions: what ended at that instant',
      endSample({ user: 'u1', now: sampleInstant }),
      { streams: [`sessions/u1/${sampleInstant}`] },
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
        restraints: [],
        heads: [],
        retryKeys: [],
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
