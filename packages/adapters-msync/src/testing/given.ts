import { pairTimeline, userTimeline } from '@recalld/domain';
import type {
  AcknowledgementItem,
  App,
  ContentBody,
  ContentDecoder,
  DeletionItem,
  JsonObject,
  MessageContent,
  MessageItem,
  ReadItem,
  RecallItem,
  RoamingDeletionItem,
  StoredContent,
} from '@recalld/domain';
import { readMsyncContent } from '../content/decodeContent.js';
import { readTencentContent } from '../content/readTencentContent.js';
import { createContentDecoder } from '../contentDecoder.js';
import { wire } from '../wire/descriptors.js';
import { commands } from '../wire/envelope.js';
import { bodyTypes } from '../wire/messageBody.js';
import { namespaces, readMeta } from '../wire/meta.js';
import type { UpMeta } from '../wire/meta.js';

export const appKey = 'demo-org#demo-app';

export const app: App = {
  no: 1,
  org: 'demo-org',
  name: 'demo-app',
  uuid: '0f5b6f6c-6c0e-4a58-8a53-2a3a3a0f1c11',
  sdkAppId: null,
  clientId: 'client',
  sealedClientSecret: '',
  sealedSdkAppKey: null,
  sealedTokenKey: '',
  tokenEpoch: 0,
  rateLimits: {},
  createdAt: 0,
};

const itemBase = {
  app: app.no,
  position: 1,
  itemId: '1468183947526374441',
  eventPosition: 1,
  author: 'alice',
  originDevice: null,
  sentAt: 1_760_000_000_123,
} as const;

/** A message from alice to bob, unless told otherwise. */
export function messageItem(change: Partial<MessageItem> = {}): MessageItem {
  return {
    kind: 'message',
    ...itemBase,
    timeline: pairTimeline('alice', 'bob'),
    messageSeq: 1,
    chat: { kind: 'chat', id: 'bob' },
    flags: {},
    contentKind: 'txt',
    expiresAt: null,
    state: 'live',
    ...change,
  };
}

/** The notice that alice takes {@link messageItem} back. */
export function recallItem(change: Partial<RecallItem> = {}): RecallItem {
  return {
    kind: 'recall',
    ...itemBase,
    timeline: pairTimeline('alice', 'bob'),
    itemId: '1468183947526374999',
    chat: { kind: 'chat', id: 'bob' },
    recalledId: '1468183947526374441',
    messageAuthor: 'alice',
    audience: 'all',
    ...change,
  };
}

/** bob has read {@link messageItem}. */
export function acknowledgementItem(change: Partial<AcknowledgementItem> = {}): AcknowledgementItem {
  return {
    kind: 'acknowledgement',
    ...itemBase,
    timeline: userTimeline('alice'),
    itemId: '1468183947526375000',
    author: 'bob',
    chat: { kind: 'chat', id: 'bob' },
    ack: 'read',
    msgId: '1468183947526374441',
    messageAuthor: 'alice',
    ...change,
  };
}

/** bob has read what is in the chat with alice. */
export function readItem(change: Partial<ReadItem> = {}): ReadItem {
  return {
    kind: 'read',
    ...itemBase,
    timeline: pairTimeline('alice', 'bob'),
    itemId: '1468183947526375001',
    author: 'bob',
    conversation: 'chat',
    channel: 'alice',
    ...change,
  };
}

/** alice has deleted the conversation with bob on another device. */
export function deletionItem(change: Partial<DeletionItem> = {}): DeletionItem {
  return {
    kind: 'deletion',
    ...itemBase,
    timeline: userTimeline('alice'),
    itemId: '1468183947526375002',
    originDevice: 'webim_web_other',
    conversation: 'chat',
    channel: 'bob',
    roaming: 'deleted',
    ...change,
  };
}

/** alice has deleted something of the chat with bob from roaming, on another device. */
export function roamingDeletionItem(change: Partial<RoamingDeletionItem> = {}): RoamingDeletionItem {
  return {
    kind: 'roamingDeletion',
    ...itemBase,
    timeline: userTimeline('alice'),
    itemId: '1468183947526375003',
    originDevice: 'webim_web_other',
    conversation: 'chat',
    channel: 'bob',
    ...change,
  };
}

/** A body as another adapter keeps it; {@link decoder} reads it. */
export function contentOfOthers(body: ContentBody, ext: JsonObject = {}): StoredContent {
  return { format: 'easemob', payload: Buffer.from(JSON.stringify({ body, ext })) };
}

/** The adapter's own readers, and for the other vendor's format one of neutral contents. */
export const decoder: ContentDecoder = createContentDecoder({
  easemob: (payload) => JSON.parse(Buffer.from(payload).toString('utf8')) as MessageContent,
  tencent: readTencentContent,
  msync: readMsyncContent,
});

/** A frame as a client sends it. */
export function clientFrame(command: keyof typeof commands | number, payload: Uint8Array, more = {}) {
  const number = typeof command === 'number' ? command : commands[command];
  return wire.msync.encode({ version: 0, command: number, payload, ...more }).finish();
}

/** The login that alice's SDK sends. */
export function loginFrame(change: object = {}, envelope: object = {}): Uint8Array {
  const provision = { osType: 16, version: '4.21.1', resource: 'webim_web_1', sessionId: '1:', ...change };
  return clientFrame('provision', wire.provision.encode(provision).finish(), {
    guid: { appKey, name: 'alice', domain: 'easemob.com', clientResource: 'webim_web_1' },
    auth: '$t$token',
    ...envelope,
  });
}

/** A text from alice to bob as an SDK puts it on the wire, but for what a test says otherwise. */
export function clientBody(change: object = {}): Uint8Array {
  const text = { type: 0, text: 'hello' };
  const names = { from: { name: 'alice' }, to: { name: 'bob' } };
  return wire.messageBody.encode({ type: bodyTypes.chat, ...names, contents: [text], ...change }).finish();
}

export function clientMeta(change: object = {}): Uint8Array {
  const to = { appKey, name: 'bob', domain: 'easemob.com' };
  const meta = {
    id: '530361692274',
    to,
    ns: namespaces.chat,
    routetype: 0,
    payload: clientBody(),
    ...change,
  };
  return wire.meta.encode(meta).finish();
}

export function sendFrame(meta: Uint8Array = clientMeta()): Uint8Array {
  return clientFrame('sync', wire.commSyncUp.encode({ meta }).finish());
}

export function pullFrame(change: object = {}): Uint8Array {
  const queue = { appKey, name: 'bob', domain: 'easemob.com' };
  return clientFrame('sync', wire.commSyncUp.encode({ queue, ...change }).finish());
}

/** A Meta that is known to be readable. */
export function upMeta(bytes: Uint8Array = clientMeta()): UpMeta {
  const read = readMeta(bytes);
  if (!read.ok) throw new Error(`the test's Meta is malformed: ${read.fault} ${read.field}`);
  return read.value;
}
