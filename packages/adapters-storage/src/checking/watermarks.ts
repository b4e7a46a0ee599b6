import type { AppNo, StreamId } from '@recalld/domain';
import { sql } from 'kysely';
import { createLogReads } from '../rebuild/logReads.js';
import type { LogReads } from '../rebuild/logReads.js';
import { conversationKey, replayWatermarks, streamOfConversation } from '../rebuild/replay.js';
import type { ConversationKey } from '../rebuild/replay.js';
import { sameMarks } from '../rebuild/watermarks.js';
import type { ConversationsTable } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check, CheckDeps, Piece } from './check.js';
import type { Finding, FindingKind } from './finding.js';
import { readable } from './readable.js';

interface StreamPlace {
  readonly app_no: AppNo;
  readonly stream: StreamId;
}

/** Watermarks are those that deleting and reading conversations leave: looked at from the log, and from the rows. */
export const watermarks: Check = {
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
      .where('type', 'in', ['ConversationDeleted', 'ConversationRead'])
      .where(sql<boolean>`(app_no, stream) > (${from.app_no}, ${from.stream})`)
      .orderBy('app_no')
      .orderBy('stream')
      .limit(pieceRows),
  );
  const wanted = [...replayWatermarks(readable(yield* log.streams(streams)).events).values()];
  const found = new Map((yield* rowsOf(reads, wanted)).map((row) => [conversationKey(row), row]));
  const findings = wanted.flatMap((right) => {
    const row = found.get(conversationKey(right));
    if (row === undefined) return of('watermarkMissing', right);
    return sameMarks(row, right) ? [] : of('watermarkWrong', right);
  });
  return { findings, looked: streams.length, next: nextOf(streams) };
}

function* lookAtRows(
  { reads }: CheckDeps,
  log: LogReads,
  from: ConversationKey,
): Steps<Piece<ConversationKey>> {
  const found = yield* rows(
    reads.db
      .selectFrom('conversations')
      .select(['app_no', 'user', 'timeline'])
      .where(sql<boolean>`(app_no, "user", timeline) > (${from.app_no}, ${from.user}, ${from.timeline})`)
      .orderBy('app_no')
      .orderBy('user')
      .orderBy('timeline')
      .limit(pieceRows),
  );
  const streams = found.flatMap(({ app_no, user, timeline }) => {
    const stream = streamOfConversation(user, timeline);
    return stream === undefined ? [] : { app_no, stream };
  });
  const { events, isBroken } = readable(yield* log.streams(streams));
  const wanted = replayWatermarks(events);
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

function nextOf<T>(found: readonly T[]): T | undefined {
  return found.length < pieceRows ? undefined : found.at(-1);
}

function of(kind: FindingKind, { app_no: app, user, timeline }: ConversationKey): Finding {
  return { kind, app, about: { user, timeline } };
}
