import { describe, expect, it } from 'vitest';
import { chatKeyText, roleKeyText } from '../chat/chat.js';
import type { ChatKey, GroupType, Role } from '../chat/chat.js';
import type { NewEvent } from '../events.js';
import { limits } from '../limits.js';
import type { RecallPolicyChanged } from '../recall-policy/recallPolicy.js';
import { given, idAt, recallSample, recalledEvent, sampleInstant, sentEvent } from '../testing/index.js';
import { evolveMessage, unknownMessage } from './message.js';
import { recallMessage } from './recallMessage.js';

const sentAt = sampleInstant;
const forced = { window: true, absence: true };
const group: ChatKey = { kind: 'groupchat', id: 'g1' };
const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const toGroup = (change = {}) => sentEvent({ ...inGroup, ...change });

function policy(enabled: boolean, windowSeconds: number, version = 1): RecallPolicyChanged {
  const data = { enabled, windowSeconds, version };
  return { type: 'RecallPolicyChanged', data, occurredAt: sentAt, actor: 'admin' };
}

/** The group as the server knows it. */
const known = (groupType: GroupType = 'Public') => ({
  chats: new Map([[chatKeyText(group), { groupType, disabled: false }]]),
});
const role = (of: string, is: Role) => ({ roles: new Map([[roleKeyText({ chat: group, user: of }), is]]) });

describe('a recall', () => {
  it('takes a message back and says what callbacks and devices need of it', () => {
    given(sentEvent({ msgId: idAt(sentAt, 1), random: 4711 }))
      .when(recallSample({ by: 'u1', originDevice: 'web_1' }))
      .then([
        {
          type: 'MessageRecalled',
          data: {
            msgId: idAt(sentAt, 1),
            recallId: idAt(sentAt + 60_000, 1),
            from: 'u1',
            by: 'u1',
            chat: { kind: 'chat', id: 'u2' },
            forced: false,
            held: true,
            messageSeq: 1,
            messageKey: `1_4711_${sentAt / 1000}`,
            policyVersion: 0,
            originDevice: 'web_1',
            audience: 'all',
          },
          occurredAt: sentAt + 60_000,
          actor: 'u1',
        },
      ]);
  });

  it('by the app’s admin names the sender of the message and admin as the one who recalls', () => {
    given(sentEvent())
      .when(recallSample({ by: 'admin' }))
      .then([{ type: 'MessageRecalled', data: { from: 'u1', by: 'admin' }, actor: 'admin' }]);
  });

  it('in a group carries the MsgSeq and the group’s type as it was when the message was sent, and no MsgKey', () => {
    const sent = toGroup();
    const other = toGroup({ msgId: idAt(sentAt, 2) });
    const typed: NewEvent = {
      ...other,
      data: { ...other.data, chat: { kind: 'groupchat', id: 'g1', groupType: 'Private' } },
    };
    given(sent, typed)
      .and(known('Public'))
      .when(recallSample({ ...inGroup, msgId: idAt(sentAt, 2) }))
      .then([
        {
          type: 'MessageRecalled',
          data: {
            chat: { kind: 'groupchat', id: 'g1', groupType: 'Private' },
            messageSeq: 2,
            messageKey: null,
            audience: 'all',
          },
        },
      ]);
  });

  it('records the version of the policy that it was decided under', () => {
    given(sentEvent(), policy(true, 60, 1), policy(true, 600, 2))
      .when(recallSample())
      .then([{ type: 'MessageRecalled', data: { policyVersion: 2 } }]);
  });
});

describe('the recall window', () => {
  it.each([
    ['two minutes by default', [], 120],
    ['one second at least', [policy(true, limits.recallWindowSecondsMin)], 1],
    ['seven days at most', [policy(true, limits.recallWindowSecondsMax)], 604_800],
    ['as last changed', [policy(true, 10, 1), policy(true, 30, 2)], 30],
  ] as const)('%s: the last millisecond counts, the next one is too late', (_, history, seconds) => {
    const last = sentAt + seconds * 1000;
    given(sentEvent(), ...history)
      .when(recallSample({ now: last }))
      .then([{ type: 'MessageRecalled', occurredAt: last }]);
    given(sentEvent(), ...history)
      .when(recallSample({ now: last + 1 }))
      .then('windowElapsed');
  });

  it('is waived by a forced recall, and by who may waive it alone', () => {
    const late = sentAt + 30 * 86_400_000;
    given(sentEvent())
      .when(recallSample({ now: late, waive: forced }))
      .then([{ type: 'MessageRecalled', data: { forced: true } }]);
    given(sentEvent())
      .when(recallSample({ now: late, waive: { window: true, absence: false } }))
      .then([{ type: 'MessageRecalled', data: { forced: false } }]);
    given(sentEvent())
      .when(recallSample({ now: late, waive: { window: false, absence: true } }))
      .then('windowElapsed');
  });
});

describe('the recall service', () => {
  it('refuses every recall while it is off, also a forced one and one of what it never had', () => {
    given(sentEvent(), policy(false, 120)).when(recallSample()).then('serviceDisabled');
    given(sentEvent(), policy(false, 120))
      .when(recallSample({ waive: forced }))
      .then('serviceDisabled');
    given(policy(false, 120))
      .when(recallSample({ waive: forced }))
      .then('serviceDisabled');
  });

  it('goes on when it is switched on again', () => {
    given(sentEvent(), policy(false, 120, 1), policy(true, 120, 2))
      .when(recallSample())
      .then([{ type: 'MessageRecalled', data: { policyVersion: 2 } }]);
  });
});

describe('the receiver that a recall names', () => {
  it.each([
    ['another user', { to: 'u3' }],
    ['the sender', { to: 'u1' }],
    ['another kind of chat', { chatKind: 'groupchat' }],
    ['the room instead', { chatKind: 'chatroom' }],
  ] as const)('must be the message’s: %s is not', (_, change) => {
    given(sentEvent()).when(recallSample(change)).then('receiverMismatch');
    given(sentEvent())
      .when(recallSample({ ...change, waive: forced }))
      .then('receiverMismatch');
    given(sentEvent(), recalledEvent())
      .when(recallSample({ ...change, recallId: idAt(sentAt + 60_000, 9) }))
      .then('receiverMismatch');
  });
});

describe('a second recall', () => {
  it('is refused, forced or not', () => {
    const again = { recallId: idAt(sentAt + 60_000, 9) };
    given(sentEvent(), recalledEvent()).when(recallSample(again)).then('alreadyRecalled');
    given(sentEvent(), recalledEvent())
      .when(recallSample({ ...again, waive: forced }))
      .then('alreadyRecalled');
    given(recalledEvent({ held: false }))
      .when(recallSample({ ...again, waive: forced }))
      .then('alreadyRecalled');
  });

  it('that is the first one come back, by its own id, is accepted and adds nothing', () => {
    given(sentEvent(), recalledEvent()).when(recallSample()).then([]);
  });
});

describe('who hears of a recall', () => {
  it('everybody, or the receivers only when the sender’s devices are left out (sync_device)', () => {
    given(sentEvent())
      .when(recallSample({ syncSender: true, by: 'admin' }))
      .then([{ type: 'MessageRecalled', data: { audience: 'all' } }]);
    given(sentEvent())
      .when(recallSample({ syncSender: false }))
      .then([{ type: 'MessageRecalled', data: { audience: 'receivers' } }]);
  });

  it('in a group everybody in any case', () => {
    given(toGroup())
      .when(recallSample({ ...inGroup, syncSender: false }))
      .then([{ type: 'MessageRecalled', data: { audience: 'all' } }]);
  });
});

describe('who may recall', () => {
  const byUser = (by: string) => recallSample({ ...inGroup, authority: 'user', by });

  it('the app, whoever it names', () => {
    given(sentEvent())
      .when(recallSample({ by: 'u9' }))
      .then([{ type: 'MessageRecalled', actor: 'u9' }]);
  });

  it('the author, and in a one-to-one chat nobody else', () => {
    given(sentEvent())
      .when(recallSample({ authority: 'user', by: 'u1' }))
      .then([{ type: 'MessageRecalled' }]);
    given(sentEvent())
      .when(recallSample({ authority: 'user', by: 'u2' }))
      .then('notPermitted');
  });

  it.each(['owner', 'admin'] as const)('in a group its %s, at any time', (is) => {
    given(toGroup())
      .and(role('boss', is))
      .when({ ...byUser('boss'), now: sentAt + 30 * 86_400_000 })
      .then([{ type: 'MessageRecalled', data: { from: 'u1', by: 'boss' } }]);
  });

  it('in a group no other member and nobody from outside', () => {
    given(toGroup()).and(role('u2', 'member')).when(byUser('u2')).then('notPermitted');
    given(toGroup()).when(byUser('u3')).then('notPermitted');
  });

  it('the author within the window, also one who owns the group', () => {
    const late = sentAt + 120_001;
    given(toGroup())
      .when({ ...byUser('u1'), now: late })
      .then('windowElapsed');
    given(toGroup())
      .and(role('u1', 'owner'))
      .when({ ...byUser('u1'), now: late })
      .then('windowElapsed');
  });
});

describe('a command message', () => {
  it('cannot be recalled, nor by force', () => {
    given(sentEvent({ contentKind: 'cmd' }))
      .when(recallSample())
      .then('notRecallable');
    given(sentEvent({ contentKind: 'cmd' }))
      .when(recallSample({ waive: forced }))
      .then('notRecallable');
  });
});

describe('the order of the refusals', () => {
  const late = sentAt + 200_000;
  const wrong = { ...recallSample({ authority: 'user', by: 'u2', to: 'u3', now: late }) };
  const right = { ...wrong, to: 'u2' };
  const cmd = sentEvent({ contentKind: 'cmd', expiresAt: sentAt + 1000 });
  const again = { recallId: idAt(late, 7) };

  it('is service, receiver, already recalled, absence, kind, permission, window', () => {
    given(cmd, recalledEvent(), policy(false, 1))
      .when({ ...wrong, ...again })
      .then('serviceDisabled');
    given(cmd, recalledEvent())
      .when({ ...wrong, ...again })
      .then('receiverMismatch');
    given(cmd, recalledEvent())
      .when({ ...right, ...again })
      .then('alreadyRecalled');
    given(cmd).when(wrong).then('receiverMismatch');
    given(cmd).when(right).then('expired');
    given(cmd)
      .when({ ...right, waive: { window: false, absence: true } })
      .then('notRecallable');
    given(sentEvent()).when(right).then('notPermitted');
    given(sentEvent())
      .when({ ...right, by: 'u1' })
      .then('windowElapsed');
  });

  it('of what the server never had is: no such message, no such chat, not permitted', () => {
    const user = { authority: 'user', waive: forced, ...inGroup } as const;
    given()
      .when(recallSample({ ...user, msgId: '0' }))
      .then('notFound');
    given().when(recallSample(user)).then('chatNotFound');
    given().and(known()).when(recallSample(user)).then('notPermitted');
  });
});

describe('recallMessage', () => {
  it('does not change what it is given', () => {
    const command = Object.freeze(recallSample());
    const facts = { policy: Object.freeze({ enabled: true, windowSeconds: 120, version: 0 }) };
    const state = Object.freeze({ status: 'unknown' as const });

    const verdict = recallMessage(command, state, { ...facts, groupType: undefined, role: undefined });

    expect(verdict).toEqual({ ok: false, code: 'notFound' });
  });

  it('knows no moderators in a one-to-one chat, and no group type of a chat without one', () => {
    const policy = { enabled: true, windowSeconds: 120, version: 0 };
    const sent = evolveMessage(unknownMessage, sentEvent());
    const byOther = recallSample({ authority: 'user', by: 'u2' });
    const unheld = recallSample({ waive: forced });

    const refused = recallMessage(byOther, sent, { policy, groupType: undefined, role: 'owner' });
    const accepted = recallMessage(unheld, unknownMessage, { policy, groupType: undefined, role: undefined });

    expect(refused).toEqual({ ok: false, code: 'notPermitted' });
    expect(accepted.ok && accepted.events[0]?.data.chat).toStrictEqual({ kind: 'chat', id: 'u2' });
  });
});
