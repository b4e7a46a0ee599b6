import type { Deletions } from '../conversation/conversation.js';
import { never } from '../kernel/assert.js';
import type { DeviceId, Instant, Position, UserId } from '../kernel/ids.js';
import type { Item, MessageItem } from './item.js';

/** A time in which a user belonged to a group or room, in timeline positions. */
export interface MembershipSpan {
  /** The member sees what stands after this position. */
  readonly from: number;
  /** The last position that a former member sees; null while the membership lasts. */
  readonly through: number | null;
}

/** What a user may see of a timeline, and what this user has deleted there. */
export interface Sight extends Deletions {
  /** `everything` in one-to-one chats: both users see all of it. */
  readonly spans: readonly MembershipSpan[] | 'everything';
  /** What stands in the log up to here was for a former user of the same name; left out: there was none. */
  readonly formerThrough?: Position;
}

interface ViewerBase extends Sight {
  readonly user: UserId;
  readonly now: Instant;
}

/** `roaming`: history pulled from the server; `list`: the conversation list. */
export interface HistoryViewer extends ViewerBase {
  readonly purpose: 'roaming' | 'list';
}

/** What arrives on a device, live and offline. */
export interface DeviceViewer extends ViewerBase {
  readonly purpose: 'device';
  /** It knows what it did itself; null: tell everything. */
  readonly device: DeviceId | null;
  /** Where the log stood when the device connected: what is only for connected devices came after it. */
  readonly connectedAt: Position;
}

/** Who looks at a timeline, and for what. */
export type Viewer = HistoryViewer | DeviceViewer;

/**
 * Whether a viewer may see an item. The one rule behind roaming, conversation lists and devices;
 * the store's queries only narrow down what is asked here.
 */
export function visible(item: Item, viewer: Viewer): boolean {
  if (item.eventPosition <= (viewer.formerThrough ?? 0)) return false;
  if (!withinMembership(item.position, viewer)) return false;
  if (item.kind === 'message') return readable(item, viewer);
  if (viewer.purpose !== 'device' || isOwnDeed(item, viewer)) return false;
  switch (item.kind) {
    case 'recall':
      if (!isFor(viewer.user, item.messageAuthor, item.directedTo)) return false;
      return item.audience === 'all' || item.messageAuthor !== viewer.user;
    case 'acknowledgement':
    case 'read':
    case 'deletion':
    case 'roamingDeletion':
      return true;
    default:
      return never(item);
  }
}

function withinMembership(position: number, viewer: Viewer): boolean {
  if (viewer.spans === 'everything') return true;
  return viewer.spans.some((span) => position > span.from && position <= (span.through ?? Infinity));
}

function isOwnDeed(item: Item, { user, device }: DeviceViewer): boolean {
  return item.author === user && device !== null && item.originDevice === device;
}

/** Whether a message of this author is for a user: to members whom it is not directed to, it never was. */
function isFor(user: UserId, author: UserId, directedTo: readonly UserId[] | undefined): boolean {
  return directedTo === undefined || user === author || directedTo.includes(user);
}

function readable(item: MessageItem, viewer: Viewer): boolean {
  if (item.state !== 'live' || (item.expiresAt ?? Infinity) <= viewer.now) return false;
  const { flags } = item;
  if (!isFor(viewer.user, item.author, item.directedTo) || isDeleted(item, viewer)) return false;
  switch (viewer.purpose) {
    case 'roaming':
      return flags.noRoam !== true && flags.onlineOnly !== true;
    case 'list':
      return isListed(item, Math.max(viewer.listThrough, viewer.roamThrough));
    case 'device':
      return arrives(item, viewer);
    default:
      return never(viewer);
  }
}

/** What a user deleted from roaming is nowhere any more: not in lists, and no device gets it. */
function isDeleted({ messageSeq, sentAt }: MessageItem, deletions: Deletions): boolean {
  const { roamThrough, roamSentThrough, roamSentSeq, deletedSeqs } = deletions;
  if (messageSeq <= roamThrough) return true;
  return (messageSeq <= roamSentSeq && sentAt <= roamSentThrough) || deletedSeqs.has(messageSeq);
}

/** Imported history has a new MsgSeq, whenever it was sent: it does not bring back what was deleted. */
function isListed({ flags, messageSeq }: MessageItem, deletedThrough: number): boolean {
  if (flags.onlineOnly === true || flags.unlisted === true) return false;
  return flags.imported === true ? deletedThrough === 0 : messageSeq > deletedThrough;
}

/** Whether a message that a user's list shows is news to the user: imported history never is. */
export function isUnread(
  { author, flags, messageSeq }: MessageItem,
  user: UserId,
  readThrough: number,
): boolean {
  return author !== user && flags.imported !== true && messageSeq > readThrough;
}

function arrives(item: MessageItem, viewer: DeviceViewer): boolean {
  const { flags, author, eventPosition } = item;
  if (flags.imported === true || isOwnDeed(item, viewer)) return false;
  if (flags.onlineOnly === true && eventPosition <= viewer.connectedAt) return false;
  return flags.notToSender !== true || author !== viewer.user;
}
