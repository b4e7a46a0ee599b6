import type {
  App,
  CallbackRule,
  ClaimedDelivery,
  DomainEvent,
  Instant,
  MessageRecalled,
  Origin,
  Recorded,
  Stamps,
} from '@recalld/domain';

// Ordinary values, so that a test names only what it is about.

export const sampleNow: Instant = 1_700_000_000_000;

export const sampleOrigin: Origin = { via: 'easemob', platform: 'RESTAPI', ip: '192.0.2.7' };

export function appSample(change: Partial<App> = {}): App {
  return {
    no: 1,
    org: 'acme',
    name: 'im',
    uuid: '00000000-0000-4000-8000-000000000001',
    sdkAppId: 1_400_000_000,
    clientId: 'client',
    sealedClientSecret: 'sealed client secret',
    sealedSdkAppKey: null,
    sealedTokenKey: 'sealed token key',
    tokenEpoch: 1,
    rateLimits: {},
    createdAt: sampleNow,
    ...change,
  };
}

export function ruleSample(change: Partial<CallbackRule> = {}): CallbackRule {
  return {
    id: 'rule1',
    app: 1,
    version: 1,
    name: 'backend',
    url: 'https://backend.example.com/callbacks',
    dialect: 'easemob',
    chatTypes: ['chat', 'groupchat', 'chatroom'],
    events: null,
    enabled: true,
    ordered: false,
    concurrencyMax: null,
    sealedSecret: null,
    previousSecret: null,
    tls: null,
    createdAt: sampleNow,
    ...change,
  };
}

/** The app takes back what u1 sent to u2. */
export function recallSample(change: Partial<MessageRecalled['data']> = {}): MessageRecalled {
  const data: MessageRecalled['data'] = {
    msgId: '999999999999999999',
    recallId: '1000000000000000001',
    from: 'u1',
    by: 'admin',
    chat: { kind: 'chat', id: 'u2' },
    forced: false,
    held: true,
    messageSeq: 7,
    messageKey: '7_42_1699999990',
    policyVersion: 0,
    origin: sampleOrigin,
    originDevice: null,
    audience: 'all',
    ...change,
  };
  return { type: 'MessageRecalled', data, occurredAt: sampleNow, actor: data.by };
}

/** The app takes back message `seq` of the group g1. */
export function groupRecallSample(seq: number, change: Partial<MessageRecalled['data']> = {}) {
  return recallSample({
    msgId: `${9000 + seq}`,
    recallId: `${8000 + seq}`,
    chat: { kind: 'groupchat', id: 'g1', groupType: 'Public' },
    messageSeq: seq,
    messageKey: null,
    ...change,
  });
}

/** The event as it stands in the log; its stream is of no interest to callbacks. */
export function recordedSample<E extends DomainEvent>(event: E, change: Partial<Stamps> = {}): Recorded<E> {
  return { ...event, app: 1, position: 1, stream: 'sample', version: 2, commandId: 'command', ...change };
}

let claims = 0;

export function claimSample(change: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  claims += 1;
  return {
    id: `delivery ${claims}`,
    app: appSample(),
    rule: ruleSample(),
    events: [recordedSample(recallSample())],
    state: { status: 'leased', attempts: 0, owner: 'worker', leaseUntil: sampleNow + 20_000 },
    ...change,
  };
}
