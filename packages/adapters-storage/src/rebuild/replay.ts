import { conversationStream, parseTimeline } from '@recalld/domain';
import type { AppNo, Position, RecordedEvent, StreamId, TimelineId, UserId } from '@recalld/domain';
import { project } from '../projection.js';
import type { RowChange } from '../projection.js';
import type { ConversationsTable, TimelineItemsTable } from '../schema.js';
import { raised } from '../watermarks.js';
import { timelineKey } from '../commands/timelineCounters.js';

// What the read models are by the log alone. Pure: the same for whoever mends them and whoever checks them.

/** An item as the log has it; the number of its timeline is known elsewhere. */
export interface ReplayedItem {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  readonly row: Omit<TimelineItemsTable, 'timeline_no'>;
}

/** Every item of some streams, by position. `events`: all of those streams, each in the order of its versions. */
export function replayItems(events: readonly RecordedEvent[]): ReadonlyMap<Position, ReplayedItem> {
  const items = new Map<Position, ReplayedItem>();
  /** Where the message of each stream stands. */
  const sent = new Map<string, Position>();

  function apply(event: RecordedEvent, change: RowChange): void {
    if (change.kind === 'addItem') {
      items.set(event.position, { app: event.app, timeline: change.timeline, row: change.row });
      if (change.row.kind === 'message') sent.set(streamKey(event), event.position);
    } else if (change.kind === 'endMessage') {
      const position = sent.get(streamKey({ app: event.app, stream: change.stream }));
      const item = position === undefined ? undefined : items.get(position);
      if (position === undefined || item === undefined) return;
      items.set(position, { ...item, row: { ...item.row, state: change.state } });
    }
  }

  for (const event of events) for (const change of project(event)) apply(event, change);
  return items;
}

export const streamKey = ({ app, stream }: { readonly app: AppNo; readonly stream: StreamId }): string =>
  `${app}/${stream}`;

/** A conversation as the log has it. */
export interface ReplayedConversation {
  readonly row: ConversationsTable;
  /** The MsgSeqs of single messages that were deleted. */
  readonly deleted: ReadonlySet<number>;
}

/** Conversations by {@link conversationKey}. `events`: whole streams. */
export function replayConversations(
  events: readonly RecordedEvent[],
): ReadonlyMap<string, ReplayedConversation> {
  const replayed = new Map<string, { readonly row: ConversationsTable; readonly deleted: Set<number> }>();

  function apply(app: AppNo, change: RowChange): void {
    if (change.kind !== 'raiseWatermarks' && change.kind !== 'deleteMessages') return;
    const { user, timeline } = change;
    const names = { app_no: app, user, timeline };
    const key = conversationKey(names);
    const before = replayed.get(key);
    if (change.kind === 'raiseWatermarks') {
      const row = { ...names, ...raised(change.watermarks, before?.row) };
      replayed.set(key, { row, deleted: before?.deleted ?? new Set() });
    } else {
      for (const messageSeq of change.messageSeqs) before?.deleted.add(messageSeq);
    }
  }

  for (const event of events) for (const change of project(event)) apply(event.app, change);
  return replayed;
}

export type ConversationKey = Pick<ConversationsTable, 'app_no' | 'user' | 'timeline'>;

export const conversationKey = ({ app_no: app, user, timeline }: ConversationKey): string =>
  JSON.stringify([app, user, timeline]);

/** The stream that a conversation's watermarks come from; undefined for a row that can come from none. */
export function streamOfConversation(user: UserId, timeline: TimelineId): StreamId | undefined {
  const parsed = parsedOrNot(timeline);
  if (parsed?.kind === 'group') return conversationStream(user, 'groupchat', parsed.id);
  if (parsed?.kind === 'room') return conversationStream(user, 'chatroom', parsed.id);
  if (parsed?.kind !== 'pair') return undefined;
  const { userA, userB } = parsed;
  if (user !== userA && user !== userB) return undefined;
  return conversationStream(user, 'chat', user === userA ? userB : userA);
}

function parsedOrNot(timeline: TimelineId): ReturnType<typeof parseTimeline> | undefined {
  try {
    return parseTimeline(timeline);
  } catch {
    return undefined;
  }
}

/** How far events count in one timeline. */
export interface Counted {
  readonly app: AppNo;
  readonly timeline: TimelineId;
  readonly head: number;
  readonly messages: number;
}

/** What the counters of the events' timelines must have reached, by `timelineKey`. */
export function countersOf(events: readonly RecordedEvent[]): ReadonlyMap<string, Counted> {
  const counted = new Map<string, Counted>();
  for (const { app, timeline, timelinePosition = 0, messageSeq = 0 } of events) {
    if (timeline === undefined) continue;
    const key = timelineKey(app, timeline);
    const before = counted.get(key);
    counted.set(key, {
      app,
      timeline,
      head: Math.max(timelinePosition, before?.head ?? 0),
      messages: Math.max(messageSeq, before?.messages ?? 0),
    });
  }
  return counted;
}
