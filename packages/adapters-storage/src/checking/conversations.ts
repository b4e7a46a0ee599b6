import type { AppNo, StreamId } from '@recalld/domain';
import { sql } from 'kysely';
import { createLogReads } from '../rebuild/logReads.js';
import type { LogReads } from '../rebuild/logReads.js';
import { selectConversations, selectDeletions } from '../rebuild/conversations.js';
import { conversationKey, replayConversations, streamOfConversation } from '../rebuild/replay.js';
import type { ConversationKey, ReplayedConversation } from '../rebuild/replay.js';
import type { ConversationsTable } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { sameWatermarks } from '../watermarks.js';
import { pieceRows, walk } from './check.js';
import type { Check, CheckDeps, Piece } from './check.js';
import type { Finding, FindingKind } from './finding.js';
import { readable } from './readable.js';

interface StreamPlace {
  readonly app_no: AppNo;
  readonly stream: StreamId;
}

/**
 * Watermarks and single deletions are those that deleting and reading conversations leave: looked at from the
 * log, and from the rows.
 */
export const conversations: Check = {
  name: 'watermarks',
  async *run(deps) {
    const log = createLogReads(deps.reads);
    const ofStreams = yield* walk(deps, { app_no: 0, stream: '' }, (from: StreamPlace) =>
      deps.reads.read(() => lookAtStreams(deps, log, from)),
    );
    const ofRows = yield* walk(deps, { app_no: 0, user: '', timeline: '' }, (from: ConversationKey) =>
      deps.reads.read(() => lookAtRows(deps, log, from)),
    );
    return ofStreams + ofRows;
  },
};

function* lookAtStreams({ reads }: CheckDeps, log: LogReads, from: StreamPlace): Steps<Piece<StreamPlace>> {
  const streams = yield* rows(
    reads.db
      .selectFrom('events')
      .select(['app_no', 'stream'])
      .distinct()
      .where('stream_day', '=', 0)
      .where('type', 'in', ['ConversationDeleted', 'ConversationRead', 'RoamingDeleted'])
      .where(sql<boolean>`(app_no, stream) > (${from.app_no}, ${from.stream})`)
      .orderBy('app_no')
      .orderBy('stream')
      .limit(pieceRows),
  );
  const wanted = [...replayConversations(readable(yield* log.streams(streams)).events).values()];
  const keys = wanted.map(({ row }) => row);
  const found = new Map((yield* rowsOf(reads, keys)).map((row) => [conversationKey(row), row]));
  const deleted = yield* deletedOf(reads, keys);
  const findings = wanted.flatMap((right) => {
    const key = conversationKey(right.row);
    const row = found.get(key);
    if (row === undefined) return of('watermarkMissing', right.row);
    return isAsWanted(row, deleted.get(key) ?? [], right) ? [] : of('watermarkWrong', right.row);
  });
  return { findings, looked: streams.length, next: nextOf(streams) };
}

function* lookAtRows(
  { reads }: CheckDeps,
  log: LogReads,
  from: ConversationKey,
): Steps<Piece<ConversationKey>> {
  const found = yield* rows(selectConversations(reads, from, pieceRows));
  const streams = found.flatMap(({ app_no, user, timeline }) => {
    const stream = streamOfConversation(user, timeline);
    return stream === undefined ? [] : { app_no, stream };
  });
  const { events, isBroken } = readable(yield* log.streams(streams));
  const wanted = replayConversations(events);
  const findings = found
    .filter((row) => !wanted.has(conversationKey(row)))
    .filter((row) => !isBroken({ ...row, stream: streamOfConversation(row.user, row.timeline) ?? '' }))
    .map((row) => of('watermarkWithoutEvent', row));
  return { findings, looked: found.length, next: nextOf(found) };
}

function rowsOf(
  { db, statements }: CheckDeps['reads'],
  keys: readonly ConversationKey[],
): Steps<readonly ConversationsTable[]> {
  const row = statements.select<ConversationKey>({ app_no: 'whole', user: 'text', timeline: 'text' })(
    ({ app_no, user, timeline }) =>
      db
        .selectFrom('conversations')
        .selectAll()
        .where('app_no', '=', app_no)
        .where('user', '=', user)
        .where('timeline', '=', timeline),
  );
  return rows(each(row, keys));
}

/** The MsgSeqs of the single messages that were deleted, by conversation. */
function* deletedOf(
  reads: CheckDeps['reads'],
  keys: readonly ConversationKey[],
): Steps<ReadonlyMap<string, readonly number[]>> {
  const deleted = new Map<string, number[]>();
  for (const row of yield* rows(each(selectDeletions(reads), keys))) {
    const key = conversationKey(row);
    deleted.set(key, [...(deleted.get(key) ?? []), row.message_seq]);
  }
  return deleted;
}

function isAsWanted(
  row: ConversationsTable,
  deleted: readonly number[],
  right: ReplayedConversation,
): boolean {
  if (!sameWatermarks(row, right.row) || deleted.length !== right.deleted.size) return false;
  return deleted.every((messageSeq) => right.deleted.has(messageSeq));
}

function nextOf<T>(found: readonly T[]): T | undefined {
  return found.length < pieceRows ? undefined : found.at(-1);
}

function of(kind: FindingKind, { app_no: app, user, timeline }: ConversationKey): Finding {
  return { kind, app, about: { user, timeline } };
}
