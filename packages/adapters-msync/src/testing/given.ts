import { pairTimeline } from '@recalld/domain';
import type { App, MessageItem, StoredContent } from '@recalld/domain';

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

/** A message from alice to bob, unless told otherwise. */
export function messageItem(change: Partial<MessageItem> = {}): MessageItem {
  return {
    kind: 'message',
    app: app.no,
    timeline: pairTimeline('alice', 'bob'),
    position: 1,
    itemId: '1468183947526374441',
    eventPosition: 1,
    messageSeq: 1,
    author: 'alice',
    originDevice: null,
    chat: { kind: 'chat', id: 'bob' },
    sentAt: 1_760_000_000_123,
    flags: {},
    contentKind: 'txt',
    expiresAt: null,
    state: 'live',
    ...change,
  };
}

/** A body as it is stored when it came through the vendor's REST interface. */
export function easemobContent(type: unknown, body: unknown, ext?: unknown): StoredContent {
  return { format: 'easemob', payload: Buffer.from(JSON.stringify({ type, body, ext })) };
}
