import { chatKeyText, roleKeyText } from '@recalld/domain';
import type {
  AppNo,
  ChatKey,
  GroupType,
  LoadedFacts,
  RoleKey,
  TimelineId,
  WantedFacts,
} from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import type { RuleBook } from '../callbacks/ruleBook.js';
import { chatTimeline } from '../directory/chatRows.js';
import { template } from '../statements.js';
import type { Streams } from './streams.js';

/** Reads what the decisions of a batch need; one synchronous stretch, so one snapshot. */
export function createLoadFacts(
  engine: SqliteEngine,
  streams: Streams,
  rules: RuleBook,
): (wanted: WantedFacts) => LoadedFacts {
  const { db } = engine;
  const chatType = engine.prepare(
    template<ChatKey & { app: AppNo }>()((key) =>
      db
        .selectFrom('chats')
        .select('type')
        .where('app_no', '=', key.app)
        .where('chat', '=', key.id)
        .where('kind', '=', key.kind),
    ),
  );
  const roleOf = engine.prepare(
    template<{ app: AppNo; timeline: TimelineId; user: string }>()((key) =>
      db
        .selectFrom('members')
        .select('role')
        .where('app_no', '=', key.app)
        .where('timeline', '=', key.timeline)
        .where('user', '=', key.user)
        .where('through_position', 'is', null),
    ),
  );
  const messagesOf = engine.prepare(
    template<{ app: AppNo; timeline: TimelineId }>()((key) =>
      db
        .selectFrom('timelines')
        .select('messages')
        .where('app_no', '=', key.app)
        .where('timeline', '=', key.timeline),
    ),
  );

  function chatsOf(app: AppNo, keys: readonly ChatKey[]): LoadedFacts['chats'] {
    return found(keys, chatKeyText, (key) => {
      const row = chatType.get({ ...key, app });
      // The type was checked when the chat was made.
      return row && { groupType: row.type as GroupType };
    });
  }

  function rolesOf(app: AppNo, keys: readonly RoleKey[]): LoadedFacts['roles'] {
    return found(
      keys,
      roleKeyText,
      ({ chat, user }) => roleOf.get({ app, timeline: chatTimeline(chat), user })?.role,
    );
  }

  function headsOf(app: AppNo, timelines: readonly TimelineId[]): LoadedFacts['heads'] {
    return found(
      timelines,
      (timeline) => timeline,
      (timeline) => messagesOf.get({ app, timeline })?.messages,
    );
  }

  return ({ app, streams: wanted, chats, roles, heads }) => {
    const loaded = new Map<string, ReturnType<Streams['load']>>();
    for (const stream of wanted) {
      const events = streams.load(app, stream);
      if (events.length > 0) loaded.set(stream, events);
    }
    return {
      app,
      streams: loaded,
      chats: chatsOf(app, chats),
      roles: rolesOf(app, roles),
      heads: headsOf(app, heads),
      rules: rules.enabled(app),
    };
  };
}

/** What is known of each key; what is not known is absent. */
function found<K, V>(
  keys: readonly K[],
  nameOf: (key: K) => string,
  read: (key: K) => V | undefined,
): ReadonlyMap<string, V> {
  const known = new Map<string, V>();
  for (const key of keys) {
    const value = read(key);
    if (value !== undefined) known.set(nameOf(key), value);
  }
  return known;
}
