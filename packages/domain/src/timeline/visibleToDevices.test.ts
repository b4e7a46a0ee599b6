import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { untouchedConversation } from '../conversation/conversation.js';
import { sampleInstant } from '../testing/index.js';
import type {
  AcknowledgementItem,
  DeletionItem,
  Item,
  MessageItem,
  ReadItem,
  RecallItem,
  RoamingDeletionItem,
} from './item.js';
import { visible } from './visible.js';
import type { DeviceViewer } from './visible.js';

const base = {
  app: 1,
  timeline: 'pair/u1/u2',
  position: 5,
  itemId: '1',
  eventPosition: 9,
  author: 'u1',
  originDevice: 'web',
  sentAt: sampleInstant,
} as const;
const chat = { kind: 'chat', id: 'u2' } as const;

const message = (change: Partial<MessageItem> = {}): MessageItem => ({
  ...base,
  kind: 'message',
  chat,
  messageSeq: 4,
  contentKind: 'txt',
  expiresAt: null,
  state: 'live',
  flags: {},
  ...change,
});
const recall = (change: Partial<RecallItem> = {}): RecallItem => ({
  ...base,
  kind: 'recall',
  chat,
  recalledId: '2',
  messageAuthor: 'u1',
  audience: 'all',
  ...change,
});
const acknowledgement: AcknowledgementItem = {
  ...base,
  kind: 'acknowledgement',
  author: 'u2',
  chat,
  ack: 'read',
  msgId: '2',
  messageAuthor: 'u1',
};
const read: ReadItem = { ...base, kind: 'read', conversation: 'chat', channel: 'u2' };
const deletion: DeletionItem = {
  ...base,
  kind: 'deletion',
  conversation: 'chat',
  channel: 'u2',
  roaming: 'kept',
};
const roamingDeletion: RoamingDeletionItem = {
  ...base,
  kind: 'roamingDeletion',
  conversation: 'chatroom',
  channel: 'r1',
};

/** u1, who has deleted nothing. */
const history = {
  user: 'u1',
  spans: 'everything',
  ...untouchedConversation,
  now: sampleInstant,
} as const;

const viewer = (change: Partial<DeviceViewer> = {}): DeviceViewer => ({
  ...history,
  purpose: 'device',
  device: 'phone',
  connectedAt: 0,
  ...change,
});

const [own, sibling, peer] = [
  viewer({ device: 'web' }),
  viewer({ device: 'phone' }),
  viewer({ user: 'u2', device: 'web' }),
];
const toAll = [false, true, true];

describe('what u1 did on the device web', () => {
  it.each<readonly [string, Item, readonly boolean[]]>([
    ['a message', message(), toAll],
    [
      'a message that is not for the sender’s devices',
      message({ flags: { notToSender: true } }),
      [false, false, true],
    ],
    ['a message by the app', message({ originDevice: null }), [true, true, true]],
    [
      'a message by the app, to itself',
      message({ originDevice: null, chat: { kind: 'chat', id: 'u1' } }),
      [true, true, true],
    ],
    ['a recall', recall(), toAll],
    ['a recall for receivers', recall({ audience: 'receivers' }), [false, false, true]],
    ['a recall of the peer’s message', recall({ messageAuthor: 'u2' }), toAll],
    ['a recall by the app', recall({ author: 'admin', originDevice: null }), [true, true, true]],
    ['a reading', read, toAll],
    ['a deletion of a conversation', deletion, toAll],
    ['a deletion from roaming', roamingDeletion, toAll],
    ['an acknowledgement to it', acknowledgement, [true, true, false]],
  ])('arrives on that device, on u1’s other one, on the peer’s: %s', (_, item, expected) => {
    expect([own, sibling, peer].map((one) => visible(item, one))).toEqual(expected);
  });

  it('arrives everywhere where a listener is no device', () => {
    for (const item of [message(), recall(), read, deletion, roamingDeletion]) {
      expect(visible(item, viewer({ device: null }))).toBe(true);
    }
  });
});

describe('a message that is directed to some members', () => {
  const directed = { directedTo: ['u2'], originDevice: null };
  const users = ['u1', 'u2', 'u3'];

  it('arrives on their devices and on the sender’s alone, and so does its recall', () => {
    const arrives = (item: Item) => users.map((user) => visible(item, viewer({ user })));
    expect(arrives(message(directed))).toEqual([true, true, false]);
    expect(arrives(recall({ ...directed, author: 'boss' }))).toEqual([true, true, false]);
    expect(arrives(recall({ ...directed, audience: 'receivers' }))).toEqual([false, true, false]);
  });

  it.each(['roaming', 'list'] as const)('is in nobody else’s %s', (purpose) => {
    expect(users.map((user) => visible(message(directed), { ...history, user, purpose }))).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('a message', () => {
  it('for connected devices arrives where the connection is older than it', () => {
    const item = message({ flags: { onlineOnly: true } });
    expect([8, 9, 10].map((connectedAt) => visible(item, viewer({ connectedAt })))).toEqual([
      true,
      false,
      false,
    ]);
    expect(visible(message(), viewer({ connectedAt: 99 }))).toBe(true);
  });

  it('that was for a former user of the name is nowhere, nor is anything else of that time', () => {
    for (const item of [message(), recall(), read, acknowledgement]) {
      const seen = [8, 9].map((formerThrough) => visible(item, viewer({ formerThrough })));
      expect(seen).toEqual([true, false]);
    }
    for (const purpose of ['roaming', 'list'] as const) {
      expect(visible(message(), { ...history, purpose, formerThrough: 9 })).toBe(false);
    }
  });

  it('that was deleted with its roaming arrives no more; its recall does', () => {
    expect([3, 4, 5].map((roamThrough) => visible(message(), viewer({ roamThrough })))).toEqual([
      true,
      false,
      false,
    ]);
    expect(visible(message(), viewer({ listThrough: 99 }))).toBe(true);
    expect(visible(recall(), viewer({ roamThrough: 99 }))).toBe(true);
  });

  it('that is unlisted arrives on devices, and is in roaming', () => {
    const item = message({ flags: { unlisted: true } });
    expect(visible(item, viewer())).toBe(true);
    expect(visible(item, { ...history, purpose: 'roaming' })).toBe(true);
    expect(visible(item, { ...history, purpose: 'list' })).toBe(false);
  });
});

const name = fc.constantFrom('u1', 'u2', 'u3');
const device = fc.constantFrom('web', 'phone', null);
const span = fc.record({ from: fc.nat(20), through: fc.option(fc.nat(20)) });
const someItem: fc.Arbitrary<Item> = fc
  .tuple(
    fc.constantFrom<Item>(message(), recall(), acknowledgement, read, deletion),
    fc.record({ position: fc.nat(20), author: name, originDevice: device }),
  )
  .map(([item, change]) => ({ ...item, ...change }));

describe('a device', () => {
  const scene = fc.record({
    items: fc.array(someItem),
    user: name,
    spans: fc.oneof(fc.constant('everything' as const), fc.array(span, { maxLength: 3 })),
  });
  const inSpans = ({ position }: Item, spans: DeviceViewer['spans']) =>
    spans === 'everything' ||
    spans.some(({ from, through }) => position > from && position <= (through ?? 20));

  it('gets, with what it did itself, everything of its user’s time in the chat', () => {
    fc.assert(
      fc.property(scene, ({ items, user, spans }) => {
        const gets = (item: Item) => visible(item, viewer({ user, spans, device: 'web' }));
        const did = (item: Item) => item.author === user && item.originDevice === 'web';
        for (const item of items) {
          expect(gets(item) || did(item)).toBe(inSpans(item, spans) || did(item));
          expect(gets(item) && did(item)).toBe(false);
        }
      }),
    );
  });

  it('and any other of its user together get all that a listener without a device gets', () => {
    fc.assert(
      fc.property(scene, ({ items, user, spans }) => {
        const gets = (of: string | null) => (item: Item) =>
          visible(item, viewer({ user, spans, device: of }));
        for (const item of items) expect(gets('web')(item) || gets('phone')(item)).toBe(gets(null)(item));
      }),
    );
  });
});
