import type { Attachment } from '../attachment/attachment.js';
import type { CallbackRule } from '../callback/rule.js';
import { healthy } from '../callback/suspension.js';
import type { TellRuleHealth } from '../callback/tellRuleHealth.js';
import type { TestCallbackRule } from '../callback/testCallbackRule.js';
import type { DeleteConversation } from '../conversation/deleteConversation.js';
import type { DeleteRoaming } from '../conversation/deleteRoaming.js';
import type { ReadConversation } from '../conversation/readConversation.js';
import type { EndSessions } from '../device/endSessions.js';
import type { AppNo, AttachmentId, Instant } from '../kernel/ids.js';
import { composeId, idEpochMs } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import type { AcknowledgeMessage } from '../message/acknowledgeMessage.js';
import type { StoredContent } from '../message/content.js';
import type { RecallMessage } from '../message/recallMessage.js';
import type { SendMessage } from '../message/sendMessage.js';
import type { App } from '../ports/apps.js';
import type { ChatProfile } from '../ports/chats.js';
import type { Attempt } from '../ports/deliveryQueue.js';
import type { User } from '../ports/users.js';
import type { ChangeRecallPolicy } from '../recall-policy/changeRecallPolicy.js';
import { sampleInstant } from './memory/time.js';

// Ordinary values of everything, so that a test names only what it is about.

export { sampleInstant };

/** An id minted at an instant; `counter` tells those of one second apart. */
export function idAt(instant: Instant, counter = 0): string {
  return composeId(Math.floor((instant - idEpochMs) / 1000), 1, counter);
}

export const sampleOrigin: Origin = { via: 'easemob', platform: 'RESTAPI', ip: '192.0.2.7' };

export const clientOrigin: Origin = { via: 'client', platform: 'Web', ip: '192.0.2.8' };

/** A text body as the easemob edge stores it; ASCII only. */
export function textContent(text: string): StoredContent {
  const json = JSON.stringify({ type: 'txt', body: { msg: text }, ext: {} });
  return { format: 'easemob', payload: Uint8Array.from(json, (char) => char.charCodeAt(0)) };
}

/** u1 sends a text to u2. */
export function sendSample(change: Partial<SendMessage> = {}): SendMessage {
  return {
    type: 'SendMessage',
    app: 1,
    msgId: idAt(sampleInstant, 1),
    from: 'u1',
    to: 'u2',
    chatKind: 'chat',
    content: textContent('hello'),
    contentKind: 'txt',
    attachments: [],
    random: null,
    expiresAt: null,
    flags: {},
    directedTo: null,
    authority: 'app',
    retryKey: null,
    origin: sampleOrigin,
    originDevice: null,
    now: sampleInstant,
    ...change,
  };
}

/** The app takes back what u1 sent to u2 in {@link sendSample}, one minute later. */
export function recallSample(change: Partial<RecallMessage> = {}): RecallMessage {
  return {
    type: 'RecallMessage',
    app: 1,
    msgId: idAt(sampleInstant, 1),
    recallId: idAt(sampleInstant + 60_000, 1),
    chatKind: 'chat',
    to: 'u2',
    by: 'u1',
    authority: 'app',
    waive: { window: false, absence: false },
    syncSender: true,
    extension: null,
    origin: sampleOrigin,
    originDevice: null,
    now: sampleInstant + 60_000,
    ...change,
  };
}

/** u1 deletes the conversation with u2, roaming and all. */
export function deleteSample(change: Partial<DeleteConversation> = {}): DeleteConversation {
  return {
    type: 'DeleteConversation',
    app: 1,
    user: 'u1',
    kind: 'chat',
    channel: 'u2',
    deleteRoaming: true,
    origin: sampleOrigin,
    originDevice: null,
    noticeId: idAt(sampleInstant, 99),
    by: 'admin',
    now: sampleInstant,
    ...change,
  };
}

/** u2 deletes what u1 sent in {@link sendSample} from the roaming of their chat. */
export function deleteRoamingSample(change: Partial<DeleteRoaming> = {}): DeleteRoaming {
  return {
    type: 'DeleteRoaming',
    app: 1,
    user: 'u2',
    kind: 'chat',
    channel: 'u1',
    unwanted: { by: 'ids', msgIds: [idAt(sampleInstant, 1)] },
    origin: sampleOrigin,
    originDevice: null,
    noticeId: idAt(sampleInstant, 96),
    by: 'u2',
    now: sampleInstant,
    ...change,
  };
}

/** u2 has read what u1 sent in {@link sendSample}. */
export function ackSample(change: Partial<AcknowledgeMessage> = {}): AcknowledgeMessage {
  return {
    type: 'AcknowledgeMessage',
    app: 1,
    ackId: idAt(sampleInstant, 98),
    ack: 'read',
    msgId: idAt(sampleInstant, 1),
    chatKind: 'chat',
    to: 'u1',
    by: 'u2',
    content: null,
    origin: clientOrigin,
    originDevice: 'web',
    now: sampleInstant,
    ...change,
  };
}

/** u2 has read the conversation with u1. */
export function readSample(change: Partial<ReadConversation> = {}): ReadConversation {
  return {
    type: 'ReadConversation',
    app: 1,
    user: 'u2',
    kind: 'chat',
    channel: 'u1',
    noticeId: idAt(sampleInstant, 97),
    origin: clientOrigin,
    originDevice: 'web',
    now: sampleInstant,
    ...change,
  };
}

/** The app disconnects all of u1's devices. */
export function endSample(change: Partial<EndSessions> = {}): EndSessions {
  return {
    type: 'EndSessions',
    app: 1,
    user: 'u1',
    device: null,
    session: null,
    reason: 'kicked',
    by: 'admin',
    now: sampleInstant,
    ...change,
  };
}

export function policySample(change: Partial<ChangeRecallPolicy> = {}): ChangeRecallPolicy {
  return {
    type: 'ChangeRecallPolicy',
    app: 1,
    enabled: true,
    windowSeconds: 600,
    retentionMs: null,
    by: 'admin',
    now: sampleInstant,
    ...change,
  };
}

/** Tells the owner of rule r1 that it is healthy. */
export function tellSample(change: Partial<TellRuleHealth> = {}): TellRuleHealth {
  return {
    type: 'TellRuleHealth',
    app: 1,
    ruleId: 'r1',
    ruleName: 'rule r1',
    health: healthy,
    now: sampleInstant,
    ...change,
  };
}

export function testSample(change: Partial<TestCallbackRule> = {}): TestCallbackRule {
  return {
    type: 'TestCallbackRule',
    app: 1,
    ruleId: 'r1',
    ruleName: 'rule r1',
    msgId: idAt(sampleInstant, 1),
    recallId: idAt(sampleInstant, 2),
    origin: { ...sampleOrigin, via: 'admin' },
    by: 'admin',
    now: sampleInstant,
    ...change,
  };
}

export function appSample(change: Partial<Omit<App, 'no'>> = {}): Omit<App, 'no'> {
  const name = change.name ?? 'demo-app';
  return {
    org: 'demo-org',
    name,
    uuid: `00000000-0000-4000-8000-${name}`,
    sdkAppId: null,
    clientId: `client-${name}`,
    sealedClientSecret: 'sealed client secret',
    sealedSdkAppKey: null,
    sealedTokenKey: 'sealed token key',
    tokenEpoch: 1,
    rateLimits: {},
    createdAt: sampleInstant,
    ...change,
  };
}

export function userSample(app: AppNo, id: string, change: Partial<User> = {}): User {
  return {
    app,
    id,
    uuid: `uuid of ${id}`,
    nickname: null,
    passwordHash: 'a password hash',
    activated: true,
    createdAt: sampleInstant,
    modifiedAt: sampleInstant,
    ...change,
  };
}

/** A group of at most 200, owned by `owner`. */
export function groupSample(app: AppNo, id: string, change: Partial<ChatProfile> = {}): ChatProfile {
  return {
    app,
    key: { kind: 'groupchat', id },
    type: 'Public',
    name: `group ${id}`,
    description: 'a group',
    owner: 'owner',
    membersMax: 200,
    custom: '',
    settings: { allowinvites: false, membersonly: true, label: 'x', level: 3 },
    disabled: false,
    createdAt: sampleInstant,
    ...change,
  };
}

export function roomSample(app: AppNo, id: string, change: Partial<ChatProfile> = {}): ChatProfile {
  return groupSample(app, id, { key: { kind: 'chatroom', id }, type: 'ChatRoom', ...change });
}

export function ruleSample(
  app: AppNo,
  id: string,
  change: Partial<Omit<CallbackRule, 'version'>> = {},
): Omit<CallbackRule, 'version'> {
  return {
    id,
    app,
    name: `rule ${id}`,
    url: 'https://backend.example.com/callbacks',
    dialect: 'easemob',
    chatTypes: ['chat', 'groupchat', 'chatroom'],
    events: null,
    enabled: true,
    ordered: false,
    concurrencyMax: null,
    sealedSecret: 'sealed secret',
    previousSecret: null,
    tls: null,
    createdAt: sampleInstant,
    ...change,
  };
}

/** A first attempt that the receiver accepted. */
export function attemptSample(change: Partial<Attempt> = {}): Attempt {
  return {
    requestedAt: sampleInstant,
    tookMs: 12,
    request: {
      url: 'https://backend.example.com/callbacks',
      headers: { 'content-type': 'application/json' },
    },
    status: 200,
    error: null,
    answerHead: 'ok',
    ...change,
  };
}

export function attachmentSample(app: AppNo, id: AttachmentId, change: Partial<Attachment> = {}): Attachment {
  return {
    app,
    id,
    state: 'uploaded',
    secretHash: 'ab'.repeat(32),
    restricted: true,
    fileName: 'photo.png',
    contentType: 'image/png',
    sizeBytes: 3,
    uploadedAt: sampleInstant,
    condemnedBy: null,
    ...change,
  };
}
