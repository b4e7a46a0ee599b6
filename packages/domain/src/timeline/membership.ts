import { parseTimeline } from '../kernel/stream.js';
import type { TimelineId } from '../kernel/stream.js';
import type { UserId } from '../kernel/ids.js';
import type { ChatKey } from '../chat/chat.js';
import type { MembershipSpan, Sight } from './visible.js';

/** Whether a user sees a timeline as its own: all of it, nothing, or as long as a member of the chat. */
export type Belonging = 'everything' | 'nothing' | { readonly memberOf: ChatKey };

/** How a user belongs to a timeline, as its name alone tells. */
export function belongingOf(timeline: TimelineId, user: UserId): Belonging {
  const parsed = parseTimeline(timeline);
  switch (parsed.kind) {
    case 'pair':
      return parsed.userA === user || parsed.userB === user ? 'everything' : 'nothing';
    case 'user':
      return parsed.id === user ? 'everything' : 'nothing';
    case 'group':
      return { memberOf: { kind: 'groupchat', id: parsed.id } };
    case 'room':
      return { memberOf: { kind: 'chatroom', id: parsed.id } };
  }
}

/** The positions after `from`, up to `through`; null: up to the timeline's end, wherever that comes to be. */
export type Stretch = MembershipSpan;

/** The stretch after a position outside of which these spans show nothing; undefined: they show nothing there. */
export function stretchAfter(spans: Sight['spans'], position: number): Stretch | undefined {
  if (spans === 'everything') return { from: position, through: null };
  const ahead = spans.filter(({ through }) => through === null || through > position);
  if (ahead.length === 0) return undefined;
  const lasts = ahead.some(({ through }) => through === null);
  return {
    from: Math.max(position, Math.min(...ahead.map(({ from }) => from))),
    through: lasts ? null : Math.max(...ahead.map(({ through }) => through ?? position)),
  };
}
