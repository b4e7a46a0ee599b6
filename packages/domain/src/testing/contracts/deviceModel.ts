import type { RecordedEvent } from '../../events.js';
import {
  conversationTimeline,
  evolveConversation,
  untouchedConversation,
} from '../../conversation/conversation.js';
import type { Conversation } from '../../conversation/conversation.js';
import { isConversationEvent } from '../../events.js';
import type { DeviceId, UserId } from '../../kernel/ids.js';
import { groupTimeline, pairTimeline, userTimeline } from '../../kernel/stream.js';
import type { TimelineId } from '../../kernel/stream.js';
import type { Item, MessageItem } from '../../timeline/item.js';
import { messageItemOf, noticeItemOf } from '../../timeline/itemOf.js';
import { visible } from '../../timeline/visible.js';
import type { DeviceViewer, MembershipSpan, Sight } from '../../timeline/visible.js';
import { wholeLog } from '../units.js';
import type { World } from '../world.js';

// What devices should get, told from the log and from who came and went: every item of a timeline, one
// after the other, as `visible` says.

export const modelUsers = ['u1', 'u2', 'u3'] as const;
export const modelGroup = { kind: 'groupchat', id: 'g1' } as const;

/** When each user was in the group. */
export type Spans = Map<UserId, MembershipSpan[]>;

/** Who looks. */
export type Looking = Pick<DeviceViewer, 'user' | 'device' | 'connectedAt'>;

/** Every timeline that a user of the model may have something in. */
export function timelinesOf(user: UserId): readonly TimelineId[] {
  const pairs = modelUsers.map((peer) => pairTimeline(user, peer));
  return [...pairs, groupTimeline(modelGroup.id), userTimeline(user)];
}

/** A state of the world, for as long as nothing is written. */
export interface Reference {
  readonly end: number;
  headOf(timeline: TimelineId): number;
  spansOf(timeline: TimelineId, user: UserId): Sight['spans'];
  /** Everything in a timeline that somebody sees, in order. */
  seen(timeline: TimelineId, looking: Looking): readonly Item[];
}

export async function referenceOf({ ports, clock }: World, spans: Spans): Promise<Reference> {
  const log = await wholeLog(ports);
  const items = itemsOf(log);
  const headOf = (timeline: TimelineId) => items.filter((item) => item.timeline === timeline).length;
  const spansOf: Reference['spansOf'] = (timeline, user) =>
    timeline === groupTimeline(modelGroup.id) ? (spans.get(user) ?? []) : 'everything';
  return {
    end: log.at(-1)?.position ?? 0,
    headOf,
    spansOf,
    seen: (timeline, looking) => {
      const viewer: DeviceViewer = {
        ...looking,
        purpose: 'device',
        now: clock.now(),
        spans: spansOf(timeline, looking.user),
        ...conversationOf(log, timeline, looking.user),
      };
      return items.filter((item) => item.timeline === timeline && visible(item, viewer));
    },
  };
}

function itemsOf(log: readonly RecordedEvent[]): readonly Item[] {
  const ends = new Map<string, MessageItem['state']>();
  for (const { type, data } of log) {
    if (type === 'MessageRecalled') ends.set(data.msgId, 'recalled');
    if (type === 'MessageExpired') ends.set(data.msgId, 'expired');
  }
  return log.flatMap(
    (event) =>
      (event.type === 'MessageSent'
        ? messageItemOf(event, ends.get(event.data.msgId) ?? 'live')
        : noticeItemOf(event)) ?? [],
  );
}

function conversationOf(log: readonly RecordedEvent[], timeline: TimelineId, whose: UserId): Conversation {
  return log.reduce((state, event) => {
    if (!isConversationEvent(event)) return state;
    const { user, kind, channel } = event.data;
    const isOfIt = user === whose && conversationTimeline(user, kind, channel) === timeline;
    return isOfIt ? evolveConversation(state, event) : state;
  }, untouchedConversation);
}

/** A device as it should be: what it has confirmed, and what it got since it connected. */
export interface ModelDevice {
  readonly user: UserId;
  readonly device: DeviceId;
  connectedAt: number;
  /** Where the device began: what stands before was its user's already. */
  readonly born: ReadonlyMap<TimelineId, number>;
  readonly confirmed: Map<TimelineId, number>;
  /** All that ever arrived, by its id. */
  readonly arrived: Set<string>;
}
