import { groupTimeline, pairTimeline } from '@recalld/domain';
import type { Item, ItemId, MessageItem, StoredContent } from '@recalld/domain';
import { appSample, sampleInstant } from '@recalld/domain/testing';
import { expect, it } from 'vitest';
import { createEncodedItems } from './encodedItems.js';

const app = { ...appSample(), no: 1 };

function message(itemId: ItemId, change: Partial<MessageItem> = {}): MessageItem {
  const chat = { kind: 'groupchat', id: 'g1' } as const;
  return {
    app: app.no,
    timeline: groupTimeline('g1'),
    itemId,
    position: 1,
    eventPosition: 1,
    sentAt: sampleInstant,
    author: 'ann',
    originDevice: null,
    kind: 'message',
    chat,
    messageSeq: 1,
    contentKind: 'txt',
    expiresAt: null,
    state: 'live',
    flags: {},
    ...change,
  };
}

/** Bodies that say the item's id, as long as they are not erased. */
function given() {
  const erased = new Set<ItemId>();
  const reads: (readonly ItemId[])[] = [];
  const encodedIds: ItemId[] = [];
  const body = (id: ItemId): StoredContent => ({ format: 'msync', payload: new TextEncoder().encode(id) });
  const items = createEncodedItems({
    contents: {
      read: async (_, ids) => {
        reads.push(ids);
        return new Map(ids.flatMap((id) => (erased.has(id) ? [] : [[id, body(id)] as const])));
      },
    },
    codec: {
      encode: (_, { itemId }: Item) => {
        encodedIds.push(itemId);
        if (itemId === 'broken') throw new Error('cannot be encoded');
        return new TextEncoder().encode(itemId);
      },
    },
    faults: { tell: () => undefined },
  });
  return { items, erased, reads, encodedIds };
}

const textsOf = (metas: readonly (Uint8Array | undefined)[]) =>
  metas.map((meta) => meta && new TextDecoder().decode(meta));

it('members of a group who ask together share one read', async () => {
  const { items, reads, encodedIds } = given();
  const asked = [items.of(app, [message('1'), message('2')]), items.of(app, [message('2'), message('3')])];

  const metas = await Promise.all(asked);

  expect(metas.map(textsOf)).toEqual([
    ['1', '2'],
    ['2', '3'],
  ]);
  expect([reads, encodedIds]).toEqual([[['1', '2', '3']], ['1', '2', '3']]);
});

it('nothing is kept: what is asked for later is read again', async () => {
  const { items, erased } = given();
  await items.of(app, [message('1')]);
  erased.add('1');

  expect(await items.of(app, [message('1')])).toEqual([undefined]);
});

it('what is erased before the turn is over is given to nobody who asked in it', async () => {
  const { items, erased } = given();
  const asked = items.of(app, [message('1')]);
  erased.add('1');

  expect(await asked).toEqual([undefined]);
});

it('one-to-one messages are read for each device', async () => {
  const { items, reads } = given();
  const one = message('1', { timeline: pairTimeline('ann', 'bob'), chat: { kind: 'chat', id: 'bob' } });
  await Promise.all([items.of(app, [one]), items.of(app, [one])]);

  expect(reads).toEqual([['1'], ['1']]);
});

it('an item that cannot be encoded is left out alone', async () => {
  const { items } = given();
  expect(textsOf(await items.of(app, [message('1'), message('broken')]))).toEqual(['1', undefined]);
});

it('more than is gathered at once is read in parts', async () => {
  const { items, reads } = given();
  const pages = Array.from({ length: 30 }, (_, page) =>
    Array.from({ length: 50 }, (_each, index) => message(`${page}/${index}`)),
  );

  const metas = await Promise.all(pages.map((page) => items.of(app, page)));

  expect(metas.map(textsOf)).toEqual(pages.map((page) => page.map(({ itemId }) => itemId)));
  expect(reads.map((ids) => ids.length)).toEqual([500, 500, 500]);
});
