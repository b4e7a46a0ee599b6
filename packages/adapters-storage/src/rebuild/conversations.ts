import { sql } from 'kysely';
import { conversationKinds, deletionKinds } from '../commands/readModels.js';
import type { Reads } from '../engines/database.js';
import { toEvent } from '../eventRows.js';
import type { ConversationsTable, RoamingDeletionsTable } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { noWatermarks, sameWatermarks, watermarkColumns } from '../watermarks.js';
import type { LogReads } from './logReads.js';
import { conversationKey, replayConversations, streamOfConversation } from './replay.js';
import type { ConversationKey } from './replay.js';

const kinds = { app_no: 'whole', user: 'text', timeline: 'text' } as const;

/** Puts conversations right, and what was deleted of them; answers how many rows were not. */
export interface PutConversationsRight {
  /** Those that the log says something of: rows that are gone are made. */
  ofLog(keys: readonly ConversationKey[]): Steps<number>;
  /** Those that there are rows of: what follows from no event goes. */
  ofRows(keys: readonly ConversationKey[]): Steps<number>;
}

/** Each conversation is held before its stream is read: what is under way is seen, or comes after. */
export function createPutConversationsRight(reads: Reads, log: LogReads): PutConversationsRight {
  const { hold, make, set, remove, deletions, addDeletion, removeDeletion } = compileAll(reads);

  /** `keys`: also of those that have no row, and so no event. `made`: rows that are new. */
  function* putRight(
    keys: readonly ConversationKey[],
    known: readonly ConversationsTable[],
    made: readonly ConversationsTable[],
  ): Steps<number> {
    const held = [...known, ...made];
    const streams = held.flatMap(({ app_no, user, timeline }) => {
      const stream = streamOfConversation(user, timeline);
      return stream === undefined ? [] : { app_no, stream };
    });
    const wanted = replayConversations((yield* log.streams(streams)).map(toEvent));
    const extra = held.filter((row) => !wanted.has(conversationKey(row)));
    const wrong = held.flatMap((row) => {
      const right = wanted.get(conversationKey(row))?.row;
      return right === undefined || sameWatermarks(right, row) ? [] : right;
    });
    const found = yield* rows(each(deletions, keys));
    const isWanted = (row: RoamingDeletionsTable) =>
      wanted.get(conversationKey(row))?.deleted.has(row.message_seq) === true;
    const left = found.filter((row) => !isWanted(row));
    const there = new Set(found.map(deletionKey));
    const lost = [...wanted.values()]
      .flatMap(({ row, deleted }) => [...deleted].map((message_seq) => deletionOf(row, message_seq)))
      .filter((row) => !there.has(deletionKey(row)));
    yield [each(set, wrong), each(remove, extra), each(addDeletion, lost), each(removeDeletion, left)];
    const changed = new Set([...wrong, ...made, ...extra].map(conversationKey));
    return changed.size + lost.length + left.length;
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
          gone.map((key) => ({ ...key, ...noWatermarks })),
        ),
      );
      return yield* putRight(sorted, held, made);
    },
    *ofRows(keys) {
      const sorted = distinct(keys);
      return yield* putRight(sorted, yield* rows(each(hold, sorted)), []);
    },
  };
}

function deletionOf({ app_no, user, timeline }: ConversationKey, message_seq: number): RoamingDeletionsTable {
  return { app_no, user, timeline, message_seq };
}

const deletionKey = (row: RoamingDeletionsTable): string => `${row.message_seq} ${conversationKey(row)}`;

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
  const columns = [...watermarkColumns];
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
      conversationKinds,
      sql<ConversationsTable>`on conflict (app_no, "user", timeline) do update
        set list_through = conversations.list_through
        returning app_no, "user", timeline, ${sql.join(columns.map((column) => sql.ref(column)))}`,
    ),
    set: statements.change<ConversationsTable>(conversationKinds)((row, start) =>
      start
        .update('conversations')
        .set(Object.fromEntries(columns.map((column) => [column, row[column]])))
        .where('conversations.app_no', '=', row.app_no)
        .where('conversations.user', '=', row.user)
        .where('conversations.timeline', '=', row.timeline),
    ),
    remove: statements.change<ConversationKey>(kinds)(({ app_no, user, timeline }, start) =>
      start
        .deleteFrom('conversations')
        .where('conversations.app_no', '=', app_no)
        .where('conversations.user', '=', user)
        .where('conversations.timeline', '=', timeline),
    ),
    deletions: selectDeletions({ db, statements }),
    addDeletion: statements.insert('roaming_deletions', deletionKinds, sql`on conflict do nothing`),
    removeDeletion: statements.change<RoamingDeletionsTable>(deletionKinds)(
      ({ app_no, user, timeline, message_seq }, start) =>
        start
          .deleteFrom('roaming_deletions')
          .where('roaming_deletions.app_no', '=', app_no)
          .where('roaming_deletions.user', '=', user)
          .where('roaming_deletions.timeline', '=', timeline)
          .where('roaming_deletions.message_seq', '=', message_seq),
    ),
  };
}

/** The single messages that were deleted of conversations. */
export function selectDeletions({ db, statements }: Pick<Reads, 'db' | 'statements'>) {
  return statements.select<ConversationKey>(kinds)(({ app_no, user, timeline }) =>
    db
      .selectFrom('roaming_deletions')
      .selectAll()
      .where('app_no', '=', app_no)
      .where('user', '=', user)
      .where('timeline', '=', timeline),
  );
}

/** The next conversations that there are rows of, in the order of their keys. */
export function selectConversations(
  { db }: Pick<Reads, 'db'>,
  after: ConversationKey | undefined,
  limit: number,
) {
  const names = ['app_no', 'user', 'timeline'] as const;
  const of = (table: 'conversations' | 'roaming_deletions') =>
    db
      .selectFrom(table)
      .select(names)
      .distinct()
      .$if(after !== undefined, (query) => query.where(isBehind(after)))
      .orderBy('app_no')
      .orderBy('user')
      .orderBy('timeline')
      .limit(limit);
  return db
    .selectFrom(of('conversations').as('c'))
    .select(names)
    .union(db.selectFrom(of('roaming_deletions').as('d')).select(names))
    .orderBy('app_no')
    .orderBy('user')
    .orderBy('timeline')
    .limit(limit);
}

function isBehind(key: ConversationKey | undefined) {
  return sql<boolean>`(app_no, "user", timeline) > (${key?.app_no}, ${key?.user}, ${key?.timeline})`;
}
