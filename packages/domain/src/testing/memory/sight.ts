import { chatKeyText } from '../../chat/chat.js';
import type { AppNo, Position, UserId } from '../../kernel/ids.js';
import type { TimelineId } from '../../kernel/stream.js';
import { belongingOf } from '../../timeline/membership.js';
import type { Sight } from '../../timeline/visible.js';
import { keyOf, watermarks } from './state.js';
import type { MemoryState } from './state.js';

/** What a user may see of a timeline. */
export function sightOf(state: MemoryState, app: AppNo, timeline: TimelineId, user: UserId): Sight {
  const formerThrough = formerThroughOf(state, app, user);
  return {
    spans: spansOf(state, app, timeline, user),
    formerThrough,
    ...watermarks(state, app, user, timeline),
  };
}

export function formerThroughOf(state: MemoryState, app: AppNo, user: UserId): Position {
  return state.formerUsers.get(keyOf(app, user)) ?? 0;
}

function spansOf(state: MemoryState, app: AppNo, timeline: TimelineId, user: UserId): Sight['spans'] {
  const belonging = belongingOf(timeline, user);
  if (belonging === 'everything') return belonging;
  if (belonging === 'nothing') return [];
  const chat = chatKeyText(belonging.memberOf);
  return state.memberships
    .filter((row) => row.app === app && row.chat === chat && row.user === user)
    .map(({ span }) => span);
}
