import { parseTimeline } from '../kernel/stream.js';
import type { TimelineId } from '../kernel/stream.js';
import type { UserId } from '../kernel/ids.js';
import type { ChatKey } from '../chat/chat.js';

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
