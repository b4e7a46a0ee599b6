import type { Instant, UserId } from '../kernel/ids.js';
import type { Item } from './item.js';

/** A time in which a user belonged to a group or room, in timeline positions. */
export interface MembershipSpan {
  /** The member sees what stands after this position. */
  readonly from: number;
  /** The last position that a former member sees; null while the membership lasts. */
  readonly through: number | null;
}

/** Who looks at a timeline, for what, and what this user has deleted there. */
export interface Viewer {
  readonly user: UserId;
  /** `roaming`: history pulled from the server; `list`: the conversation list; `device`: live and offline. */
  readonly purpose: 'roaming' | 'list' | 'device';
  /** `everything` in one-to-one chats: both users see all of it. */
  readonly spans: readonly MembershipSpan[] | 'everything';
  readonly listThrough: number;
  readonly roamThrough: number;
  readonly now: Instant;
}

/**
 * Whether a viewer may see an item. The one rule behind roaming, conversation lists and devices;
 * the store's queries only narrow down what is asked here.
 */
export function visible(item: Item, viewer: Viewer): boolean {
  if (!withinMembership(item.position, viewer)) return false;
  switch (item.kind) {
    case 'recall':
      if (viewer.purpose !== 'device') return false;
      return item.audience === 'all' || item.messageAuthor !== viewer.user;
    case 'message':
      if (item.state !== 'live' || (item.expiresAt ?? Infinity) <= viewer.now) return false;
      return readable(item, viewer);
  }
}

function withinMembership(position: number, viewer: Viewer): boolean {
  if (viewer.spans === 'everything') return true;
  return viewer.spans.some((span) => position > span.from && position <= (span.through ?? Infinity));
}

function readable(item: Extract<Item, { kind: 'message' }>, viewer: Viewer): boolean {
  switch (viewer.purpose) {
    case 'roaming':
      return (
        item.flags.noRoam !== true && item.flags.onlineOnly !== true && item.messageSeq > viewer.roamThrough
      );
    case 'list':
      return (
        item.flags.onlineOnly !== true && item.messageSeq > Math.max(viewer.listThrough, viewer.roamThrough)
      );
    case 'device':
      return item.flags.imported !== true;
  }
}
