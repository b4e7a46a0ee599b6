import { describe, expect, it } from 'vitest';
import { untouchedConversation } from '../conversation/conversation.js';
import { sampleInstant } from '../testing/index.js';
import type { MessageItem, RecallItem } from './item.js';
import { visible } from './visible.js';
import type { Viewer } from './visible.js';

const base = {
  app: 1,
  timeline: 'pair/u1/u2',
  position: 5,
  itemId: '1',
  eventPosition: 9,
  author: 'u1',
  originDevice: null,
  chat: { kind: 'chat', id: 'u2' },
  sentAt: sampleInstant,
} as const;

const message = (change: Partial<MessageItem> = {}): MessageItem => ({
  ...base,
  kind: 'message',
  messageSeq: 4,
  contentKind: 'txt',
  expiresAt: null,
  state: 'live',
  flags: {},
  ...change,
});

const notice = (change: Partial<RecallItem> = {}): RecallItem => ({
  ...base,
  kind: 'recall',
  recalledId: '1',
  messageAuthor: 'u1',
  audience: 'all',
  ...change,
});

const viewer = (purpose: Viewer['purpose'], change: Partial<Omit<Viewer, 'purpose'>> = {}): Viewer => {
  const common = {
    user: 'u2',
    spans: 'everything',
    ...untouchedConversation,
    now: sampleInstant,
    ...change,
  } as const;
  return purpose === 'device' ? { device: null, connectedAt: 0, ...common, purpose } : { ...common, purpose };
};

const purposes = ['roaming', 'list', 'device'] as const;

describe('a message', () => {
  it.each(purposes)('is seen in %s while it is live and kept', (purpose) => {
    expect(visible(message(), viewer(purpose))).toBe(true);
    expect(visible(message({ expiresAt: sampleInstant + 1 }), viewer(purpose))).toBe(true);
  });

  it.each(purposes)('is never seen in %s once it is recalled or its time ran out', (purpose) => {
    expect(visible(message({ state: 'recalled' }), viewer(purpose))).toBe(false);
    expect(visible(message({ state: 'expired' }), viewer(purpose))).toBe(false);
    expect(visible(message({ expiresAt: sampleInstant }), viewer(purpose))).toBe(false);
  });

  it.each([
    ['noRoam', [false, true, true]],
    ['onlineOnly', [false, false, true]],
    ['imported', [true, true, false]],
  ] as const)('with the flag %s is seen in roaming, list, device: %s', (flag, expected) => {
    const flags = { [flag]: true };
    expect(purposes.map((purpose) => visible(message({ flags }), viewer(purpose)))).toEqual(expected);
  });

  it.each([
    ['roaming deleted through it', { listThrough: 4, roamThrough: 4 }, [false, false, false]],
    ['roaming kept', { listThrough: 4, roamThrough: 0 }, [true, false, true]],
    ['deleted before it', { listThrough: 3, roamThrough: 3 }, [true, true, true]],
    ['roaming deleted alone', { listThrough: 0, roamThrough: 4 }, [false, false, false]],
    ['itself', { deletedSeqs: new Set([2, 4]) }, [false, false, false]],
    ['its neighbours', { deletedSeqs: new Set([3, 5]) }, [true, true, true]],
    ['by the time it was sent', { roamSentThrough: sampleInstant, roamSentSeq: 4 }, [false, false, false]],
    ['until before it was sent', { roamSentThrough: sampleInstant - 1, roamSentSeq: 9 }, [true, true, true]],
    ['by a time, before it came', { roamSentThrough: sampleInstant + 9, roamSentSeq: 3 }, [true, true, true]],
  ] as const)('after a deletion (%s) is seen in roaming, list, device: %s', (_, marks, expected) => {
    expect(purposes.map((purpose) => visible(message(), viewer(purpose, marks)))).toEqual(expected);
  });
});

describe('a recall notice', () => {
  it('is for devices only: roaming and lists just miss the message', () => {
    expect(purposes.map((purpose) => visible(notice(), viewer(purpose)))).toEqual([false, false, true]);
  });

  it('for receivers skips the devices of the message’s sender', () => {
    const receivers = notice({ audience: 'receivers', author: 'admin' });

    expect(visible(receivers, viewer('device', { user: 'u2' }))).toBe(true);
    expect(visible(receivers, viewer('device', { user: 'u1' }))).toBe(false);
    expect(visible(notice(), viewer('device', { user: 'u1' }))).toBe(true);
  });

  it('reaches devices whatever was deleted', () => {
    expect(visible(notice(), viewer('device', { listThrough: 99, roamThrough: 99 }))).toBe(true);
  });
});

describe('a membership', () => {
  const sees = (position: number, ...spans: { from: number; through: number | null }[]) => [
    visible(message({ position }), viewer('roaming', { spans })),
    visible(notice({ position }), viewer('device', { spans })),
  ];
  const both = [true, true];
  const none = [false, false];

  it('starts after its first position and goes through its last', () => {
    expect(sees(5, { from: 5, through: null })).toEqual(none);
    expect(sees(5, { from: 4, through: null })).toEqual(both);
    expect(sees(5, { from: 0, through: 5 })).toEqual(both);
    expect(sees(5, { from: 0, through: 4 })).toEqual(none);
  });

  it('that was never there sees nothing', () => {
    expect(sees(5)).toEqual(none);
  });

  it('of several spans sees what each of them covers', () => {
    const spans = [
      { from: 0, through: 2 },
      { from: 4, through: null },
    ];
    expect(sees(2, ...spans)).toEqual(both);
    expect(sees(3, ...spans)).toEqual(none);
    expect(sees(5, ...spans)).toEqual(both);
  });
});
