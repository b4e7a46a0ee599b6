import { sql } from 'kysely';
import { watermarkKinds } from '../commands/readModels.js';
import type { Reads } from '../engines/database.js';
import { toEvent } from '../eventRows.js';
import type { ConversationsTable } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { LogReads } from './logReads.js';
import { conversationKey, replayWatermarks, streamOfConversation } from './replay.js';
import type { ConversationKey } from './replay.js';

const kinds = { app_no: 'whole', user: 'text', timeline: 'text' } as const;

/** Puts watermarks right; answers how many were not. */
export interface PutWatermarksRight {
  /** Of conversations that the log says something of: rows that are gone are made. */
  ofLog(keys: readonly ConversationKey[]): Steps<number>;
  /** Of rows: those that follow from no event go. */
  ofRows(keys: readonly ConversationKey[]): Steps<number>;
}

/** Each row is held before its stream is read: what is under way is seen, or comes after. */
export function createPutWatermarksRight(reads: Reads, log: LogReads): PutWatermarksRight {
  const { hold, make, set, remove } = compileAll(reads);

  function* putRight(held: readonly ConversationsTable[]): Steps<number> {
    const streams = held.flatMap(({ app_no, user, timeline }) => {
      const stream = streamOfConversation(user, timeline);
      return stream === undefined ? [] : { app_no, stream };
    });
    const wanted = replayWatermarks((yield* log.streams(streams)).map(toEvent));
    const extra = held.filter((row) => !wanted.has(conversationKey(row)));
    const wrong = held.flatMap((row) => {
      const right = wanted.get(conversationKey(row));
      return right === undefined || sameMarks(right, row) ? [] : right;
    });
    yield [each(set, wrong), each(remove, extra)];
    return wrong.length + extra.length;
  }

  return {
    *ofLog(keys) {
      const sorted = distinct(keys);
      const held = yield* rows(each(hold, sorted));
      const there = new Set(held.map(conversationKey));
      const gone = sorted.filter((key) => !there.has(conversationKey(key)));
      const made = yield* rows(
        each(
          make,
          gone.map((key) => ({ ...key, list_through: 0, roam_through: 0, read_through: 0 })),
        ),
      );
      return yield* putRight([...held, ...made]);
    },
    *ofRows(keys) {
      return yield* putRight(yield* rows(each(hold, distinct(keys))));
    },
  };
}

export function sameMarks(a: ConversationsTable, b: ConversationsTable): boolean {
  return (
    a.list_through === b.list_through &&
    a.roam_through === b.roam_through &&
    a.read_through === b.read_through
  );
}

/** In one order. */
function distinct(keys: readonly ConversationKey[]): readonly ConversationKey[] {
  const byKey = new Map(
    keys.map(({ app_no, user, timeline }) => {
      const key = { app_no, user, timeline };
      return [conversationKey(key), key] as const;
    }),
  );
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
}

function compileAll({ db, statements, words }: Reads) {
  return {
    hold: statements.select<ConversationKey>(kinds)(({ app_no, user, timeline }) =>
      db
        .selectFrom('conversations')
        .selectAll()
        .where('app_no', '=', app_no)
        .where('user', '=', user)
        .where('timeline', '=', timeline)
        .modifyEnd(words.forUpdate),
    ),
    // Somebody else may have made it meanwhile: then it is held as it is.
    make: statements.insert(
      'conversations',
      watermarkKinds,
      sql<ConversationsTable>`on conflict (app_no, "user", timeline) do update
        set list_through = conversations.list_through
        returning app_no, "user", timeline, list_through, roam_through, read_through`,
    ),
    set: statements.change<ConversationsTable>(watermarkKinds)(
      ({ app_no, user, timeline, list_through, roam_through, read_through }, start) =>
        start
          .update('conversations')
          .set({ list_through, roam_through, read_through })
          .where('conversations.app_no', '=', app_no)
          .where('conversations.user', '=', user)
          .where('conversations.timeline', '=', timeline),
    ),
    remove: statements.change<ConversationKey>(kinds)(({ app_no, user, timeline }, start) =>
      start
        .deleteFrom('conversations')
        .where('conversations.app_no', '=', app_no)
        .where('conversations.user', '=', user)
        .where('conversations.timeline', '=', timeline),
    ),
  };
}
