import type {
  AttachmentPurged,
  CallbackRuleResumed,
  CallbackRuleSuspended,
  CallbackRuleTested,
  ConversationDeleted,
  ConversationRead,
  Event,
  MessageAcknowledged,
  MessageExpired,
  MessageSent,
  Recorded,
  RecallPolicyChanged,
  SessionsEnded,
} from '@recalld/domain';
import { recordedSample, sampleNow, sampleOrigin } from './samples.js';

// One ordinary event of each type that is no recall, as it stands in the log.

/** An event's data, of which a test names only what it is about. */
type Change<E extends Event<string, object>> = Partial<E['data']>;

function occurred<T extends string, D>(type: T, data: D, actor = 'admin'): Event<T, D> {
  return { type, data, occurredAt: sampleNow, actor };
}

export function deletionSample(change: Change<ConversationDeleted> = {}): Recorded<ConversationDeleted> {
  const data: ConversationDeleted['data'] = {
    user: 'u1',
    kind: 'chat',
    channel: 'u2',
    throughSeq: 1,
    roaming: 'kept',
    origin: sampleOrigin,
    originDevice: null,
    ...change,
  };
  return recordedSample(occurred('ConversationDeleted', data));
}

export function readingSample(): Recorded<ConversationRead> {
  const data: ConversationRead['data'] = {
    user: 'u2',
    kind: 'chat',
    channel: 'u1',
    throughSeq: 1,
    noticeId: '3',
    origin: sampleOrigin,
    originDevice: null,
  };
  return recordedSample(occurred('ConversationRead', data, 'u2'));
}

export function acknowledgementSample(): Recorded<MessageAcknowledged> {
  const data: MessageAcknowledged['data'] = {
    ackId: '2',
    ack: 'read',
    msgId: '1',
    by: 'u2',
    messageAuthor: 'u1',
    chat: { kind: 'chat', id: 'u2' },
    origin: sampleOrigin,
    originDevice: null,
  };
  return recordedSample(occurred('MessageAcknowledged', data, 'u2'));
}

export function endedSample(): Recorded<SessionsEnded> {
  const data: SessionsEnded['data'] = { user: 'u1', device: null, session: null, reason: 'kicked' };
  return recordedSample(occurred('SessionsEnded', data));
}

export function purgeSample(change: Change<AttachmentPurged> = {}): Recorded<AttachmentPurged> {
  const data = { msgId: '1', attachment: '5b0f9f60-1a2b-4c3d-8e4f-5a6b7c8d9e0f', ...change };
  return recordedSample(occurred('AttachmentPurged', data, 'recalld'));
}

export function policySample(change: Change<RecallPolicyChanged> = {}): Recorded<RecallPolicyChanged> {
  return recordedSample(
    occurred('RecallPolicyChanged', { enabled: true, windowSeconds: 300, version: 2, ...change }),
  );
}

const aboutRule = { ruleId: 'other', ruleName: 'archive' };

export function suspensionSample(
  change: Change<CallbackRuleSuspended> = {},
): Recorded<CallbackRuleSuspended> {
  const data = { ...aboutRule, failingSince: sampleNow - 600_000, ...change };
  return recordedSample(occurred('CallbackRuleSuspended', data, 'recalld'));
}

export function resumptionSample(change: Change<CallbackRuleResumed> = {}): Recorded<CallbackRuleResumed> {
  return recordedSample(occurred('CallbackRuleResumed', { ...aboutRule, ...change }, 'recalld'));
}

export function testSample(change: Change<CallbackRuleTested> = {}): Recorded<CallbackRuleTested> {
  const data = { ...aboutRule, msgId: '111', recallId: '222', origin: sampleOrigin, ...change };
  return recordedSample(occurred('CallbackRuleTested', data));
}

export function expirySample(): Recorded<MessageExpired> {
  return recordedSample(occurred('MessageExpired', { msgId: '1' }, 'recalld'));
}

export function sendingSample(): Recorded<MessageSent> {
  const data: MessageSent['data'] = {
    msgId: '1',
    from: 'u1',
    chat: { kind: 'chat', id: 'u2' },
    contentKind: 'txt',
    attachments: [],
    sentAt: sampleNow,
    expiresAt: null,
    random: null,
    origin: sampleOrigin,
    originDevice: null,
    flags: {},
  };
  return recordedSample(occurred('MessageSent', data, 'u1'));
}
