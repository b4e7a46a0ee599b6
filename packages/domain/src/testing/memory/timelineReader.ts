import type { AppNo, Instant, UserId } from '../../kernel/ids.js';
import { parseTimeline } from '../../kernel/stream.js';
import type { TimelineId } from '../../kernel/stream.js';
import type { ChatView, ConversationView, RoamingQuery, TimelineReader } from '../../ports/timelineReader.js';
import type { MessageItem } from '../../timeline/item.js';
import { isUnread, visible } from '../../timeline/visible.js';
import type { HistoryViewer } from '../../timeline/visible.js';
import { paged } from './paging.js';
import { sightOf } from './sight.js';
import { keyOf, watermarks } from './state.js';
import type { MemoryState, TimelineRow } from './state.js';

export function createMemoryTimelineReader(state: MemoryState): TimelineReader {
  return {
    roaming: async (query) => {
      const row = state.timelines.get(keyOf(query.app, query.timeline));
      const { app, timeline, user, now } = query;
      const viewer = { user, purpose: 'roaming', now, ...sightOf(state, app, timeline, user) } as const;
      const found = row === undefined ? [] : messagesOf(row).filter((item) => matches(item, viewer, query));
      const sign = query.order === 'newestFirst' ? -1 : 1;
      const placeOf = (item: MessageItem) => [sign * item.sentAt, sign * item.position];
      return paged(found, placeOf, query.from, query.limit);
    },
    conversations: async ({ app, user, from, limit, now }) =>
      paged(
        conversationsOf(state, app, user, now),
        (view) => [-view.lastMessageAt, view.timeline],
        from,
        limit,
      ),
    chats: async ({ app, user, from, limit }) => {
      const chats = [...state.timelines.values()].flatMap((row) => {
        const chat = row.app === app ? chatOf(row.id, user) : undefined;
        return chat === undefined || sightOf(state, app, row.id, user).spans.length === 0
          ? []
          : [{ timeline: row.id, chat }];
      });
      const page = paged(chats, ({ timeline }) => [timeline], from, limit);
      return { ...page, entities: page.entities.map(({ chat }) => chat) };
    },
    unreadOneToOne: async (app, user, now) =>
      conversationsOf(state, app, user, now)
        .filter(({ kind }) => kind === 'chat')
        .reduce((sum, { unread }) => sum + unread, 0),
  };
}

function matches(item: MessageItem, viewer: HistoryViewer, query: RoamingQuery): boolean {
  return (
    visible(item, viewer) &&
    (query.contentKinds?.includes(item.contentKind) ?? true) &&
    item.sentAt >= (query.sentFrom ?? -Infinity) &&
    item.sentAt <= (query.sentThrough ?? Infinity)
  );
}

function messagesOf(row: TimelineRow): readonly MessageItem[] {
  return row.items.filter((item) => item.kind === 'message');
}

function conversationsOf(
  state: MemoryState,
  app: AppNo,
  user: UserId,
  now: Instant,
): readonly ConversationView[] {
  return [...state.timelines.values()]
    .filter((row) => row.app === app)
    .flatMap((row) => conversationOf(state, row, user, now) ?? []);
}

function conversationOf(
  state: MemoryState,
  row: TimelineRow,
  user: UserId,
  now: Instant,
): ConversationView | undefined {
  const chat = chatOf(row.id, user);
  if (chat === undefined || chat.kind === 'chatroom') return undefined;
  const { kind, channel } = chat;
  const viewer = { user, purpose: 'list', now, ...sightOf(state, row.app, row.id, user) } as const;
  const { readThrough } = watermarks(state, row.app, user, row.id);
  // A message that was recalled or ran out keeps its conversation, and its place, in the list.
  const counted = messagesOf(row).filter((item) =>
    visible({ ...item, state: 'live', expiresAt: null }, viewer),
  );
  const newest = newestOf(counted);
  if (newest === undefined) return undefined;
  const seen = counted.filter((item) => visible(item, viewer));
  const lastMessage = newestOf(seen);
  return {
    kind,
    channel,
    timeline: row.id,
    ...(lastMessage === undefined ? {} : { lastMessage }),
    lastMessageAt: newest.sentAt,
    unread: seen.filter((item) => isUnread(item, user, readThrough)).length,
  };
}

function newestOf(items: readonly MessageItem[]): MessageItem | undefined {
  return items.toSorted((a, b) => b.sentAt - a.sentAt || b.position - a.position)[0];
}

/** How a user calls the chat of a timeline; other users' chats and the queues of the system are none. */
function chatOf(timeline: TimelineId, user: UserId): ChatView | undefined {
  const parsed = parseTimeline(timeline);
  switch (parsed.kind) {
    case 'group':
      return { kind: 'groupchat', channel: parsed.id };
    case 'room':
      return { kind: 'chatroom', channel: parsed.id };
    case 'user':
      return undefined;
    case 'pair':
      if (parsed.userA === user) return { kind: 'chat', channel: parsed.userB };
      return parsed.userB === user ? { kind: 'chat', channel: parsed.userA } : undefined;
  }
}
