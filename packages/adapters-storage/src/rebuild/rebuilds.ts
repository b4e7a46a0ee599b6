import type { Instant, Position, ReadModels, Rebuild } from '@recalld/domain';
import { assert } from '@recalld/domain';
import type { Database } from '../engines/database.js';
import type { RebuildsTable } from '../schema.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { createPutConversationsRight, selectConversations } from './conversations.js';
import { createLogReads } from './logReads.js';
import { createRebuildStretch } from './rebuildStretch.js';
import type { ConversationKey } from './replay.js';

/** What a step changes of the rebuild's row. */
type Progress = Partial<Omit<RebuildsTable, 'one' | 'started_at'>>;

/**
 * Rebuilds, whose only memory is their row. First the log is gone through, then what was written
 * meanwhile: an expiry that was under way while its message's row was made did not find that row.
 */
export function createRebuilds(database: Database): ReadModels {
  const { db, words } = database;
  const log = createLogReads(database);
  const putRight = createPutConversationsRight(database, log);
  const rebuildStretch = createRebuildStretch(database, log, putRight);

  function* lastTaken(): Steps<Position> {
    const [last] = yield* rows(database.lastTaken);
    assert(last !== undefined, 'there is a last position, be it none');
    return last.position;
  }

  function* begin(now: Instant, horizon: Position): Steps<Rebuild> {
    const [known] = yield* rows(db.selectFrom('rebuilds').selectAll());
    if (known?.finished_at === null) return toRebuild(known);
    const begun: RebuildsTable = {
      one: 1,
      started_at: now,
      position: 0,
      through: Math.min(horizon, yield* lastTaken()),
      changed: 0,
      stage: 'log',
      place: null,
      finished_at: null,
    };
    const insertion = db.insertInto('rebuilds').values(begun);
    yield insertion.onConflict((conflict) => conflict.column('one').doUpdateSet(begun));
    return toRebuild(begun);
  }

  function* inLog(row: RebuildsTable, horizon: Position, limit: number): Steps<Progress> {
    const last = Math.min(row.through, horizon);
    const { through, changed } =
      last > row.position
        ? yield* rebuildStretch(row.position, last, limit)
        : { through: row.position, changed: 0 };
    const done = { position: through, changed: row.changed + changed };
    if (through < row.through) return done;
    if (row.stage === 'meanwhile') return { ...done, stage: 'ahead' };
    return { ...done, stage: 'meanwhile', through: Math.max(row.through, yield* lastTaken()) };
  }

  /** Rows behind the end of the log, which were read before it was asked for. */
  function* ahead(row: RebuildsTable, limit: number): Steps<Progress> {
    const behind = yield* rows(
      db
        .selectFrom('timeline_items')
        .select('event_position as position')
        .where('event_position', '>', row.through)
        .orderBy('event_position', 'desc')
        .limit(limit),
    );
    const end = yield* lastTaken();
    const extra = behind.map(({ position }) => position).filter((position) => position > end);
    if (extra.length > 0) yield db.deleteFrom('timeline_items').where('event_position', 'in', extra);
    const changed = row.changed + extra.length;
    return extra.length === limit ? { changed } : { changed, stage: 'conversations' };
  }

  function* conversations(row: RebuildsTable, now: Instant, limit: number): Steps<Progress> {
    const keys = yield* rows(selectConversations(database, keyAt(row.place), limit));
    const last = keys.at(-1);
    const changed = row.changed + (yield* putRight.ofRows(keys));
    if (last === undefined || keys.length < limit) return { changed, finished_at: now };
    return { changed, place: placeOf(last) };
  }

  function* step(now: Instant, horizon: Position, limit: number): Steps<boolean> {
    const underway = db.selectFrom('rebuilds').selectAll().where('finished_at', 'is', null);
    // Whoever takes a step at the same time waits for this one's.
    const [row] = yield* rows(underway.modifyEnd(words.forUpdate));
    if (row === undefined) return false;
    const progress = yield* next(row, now, horizon, limit);
    yield db.updateTable('rebuilds').set(progress);
    return progress.finished_at === undefined;
  }

  function next(row: RebuildsTable, now: Instant, horizon: Position, limit: number): Steps<Progress> {
    switch (row.stage) {
      case 'log':
      case 'meanwhile':
        return inLog(row, horizon, limit);
      case 'ahead':
        return ahead(row, limit);
      case 'conversations':
        return conversations(row, now, limit);
    }
  }

  return {
    async start(now) {
      const horizon = await database.logHorizon();
      return database.write(() => begin(now, horizon));
    },
    async step(now, limit) {
      // Asked before the rows are read, so that up to there the log is complete.
      const horizon = await database.logHorizon();
      return database.writeRelaxed(() => step(now, horizon, limit));
    },
    async state() {
      const [row] = await database.read(() => rows(db.selectFrom('rebuilds').selectAll()));
      return row && toRebuild(row);
    },
  };
}

function placeOf({ app_no, user, timeline }: ConversationKey): string {
  return JSON.stringify([app_no, user, timeline]);
}

/** The last conversation of the step before. */
function keyAt(place: string | null): ConversationKey | undefined {
  if (place === null) return undefined;
  const [app_no, user, timeline] = JSON.parse(place) as [number, string, string];
  return { app_no, user, timeline };
}

function toRebuild(row: RebuildsTable): Rebuild {
  const { started_at: startedAt, position, through, changed, finished_at: finishedAt } = row;
  return { startedAt, position, through, changed, finishedAt };
}
