import { visible } from '@recalld/domain';
import type { DeviceQueues, DeviceViewer, Item, Position } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { together } from '../steps.js';
import type { Steps } from '../steps.js';
import { createGrown } from './grown.js';
import { createSights, sightOf } from './sights.js';
import { beginningAfter, createStretches, inOrder, itemOf } from './stretches.js';
import type { StretchRow } from './stretches.js';

type SinceQuery = Parameters<DeviceQueues['since']>[0];
type Since = Awaited<ReturnType<DeviceQueues['since']>>;

/**
 * A page of what came to all of a user's timelines, in the log's order: the next rows of each timeline
 * that grew, as far as no other can have one in between.
 */
export function createSince(reads: Reads): (query: SinceQuery, horizon: Position) => Steps<Since> {
  const grownIn = createGrown(reads);
  const sights = createSights(reads);
  const stretches = createStretches(reads);

  return function* since({ app, user, after, connectedAt, limit, now }, horizon) {
    if (horizon <= after) return { items: [], through: after, more: false };
    const grown = [...(yield* grownIn({ app, user, after, horizon }))].sort((a, b) => a.first - b.first);
    // What is on this page begins one of these: each of the others begins after an item of each of them.
    const looked = grown.slice(0, limit + 1).map((timeline) => ({ app, user, ...timeline }));
    const through = Math.min(horizon, (grown[limit + 1]?.first ?? Infinity) - 1);
    const [spans, watermarks, former] = yield* together(
      sights.spans(looked),
      sights.watermarks(looked),
      sights.former({ app, user }),
    );
    const viewers = new Map<number, DeviceViewer>();
    const from = looked.flatMap((timeline) => {
      const sight = sightOf(timeline, spans, watermarks, former);
      const beginning = beginningAfter(timeline, sight);
      viewers.set(timeline.no, { user, device: null, purpose: 'device', connectedAt, now, ...sight });
      if (beginning === undefined) return [];
      const { no, timeline: name } = timeline;
      return { app, user, timeline: name, no, roamThrough: sight.roamThrough, ...beginning };
    });
    const size = stretches.size(Math.ceil((4 * limit) / Math.max(1, from.length)));
    const [messages, notices] = yield* together(
      stretches.messages(from, size),
      stretches.notices(from, size),
    );
    const lists = [...byTimeline(messages), ...byTimeline(notices)];
    const found = inOrder(lists, size, through, ({ event_position: position }) => position);
    const items: Item[] = [];
    let last = after;
    for (const row of found.rows) {
      if (items.length === limit) return { items, through: last, more: true };
      const item = itemOf(row);
      const viewer = viewers.get(row.timeline_no);
      if (item !== undefined && viewer !== undefined && visible(item, viewer)) items.push(item);
      last = row.event_position;
    }
    return { items, through: found.completeThrough, more: found.completeThrough < horizon };
  };
}

function byTimeline(rows: readonly StretchRow[]): readonly (readonly StretchRow[])[] {
  const lists = new Map<number, StretchRow[]>();
  for (const row of rows) {
    const list = lists.get(row.timeline_no) ?? [];
    list.push(row);
    lists.set(row.timeline_no, list);
  }
  return [...lists.values()];
}
