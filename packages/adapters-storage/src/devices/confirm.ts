import type { CursorMove } from '@recalld/domain';
import { sql } from 'kysely';
import type { Database } from '../engines/database.js';
import type { DeviceCursorsTable } from '../deviceTables.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';

/** What a cursor is moved by, with the timeline's end. */
interface Found extends DeviceCursorsTable {
  readonly head: number;
  readonly head_messages: number;
}

type Move = Omit<CursorMove, 'through'> & CursorMove['through'];

/**
 * Moves cursors of many devices: one look for the numbers of all of them, one write. What no row is
 * found for is left out. One that was forgotten in between leaves cursors that nobody reads.
 */
export function createConfirm({ db, statements, words: { greatest } }: Database) {
  const find = statements.select<Move>({
    app: 'whole',
    user: 'text',
    device: 'text',
    timeline: 'text',
    position: 'whole',
    messages: 'whole',
  })(({ app, user, device, timeline, position, messages }) =>
    db
      .selectFrom('devices as d')
      .innerJoin('timelines as t', 't.app_no', 'd.app_no')
      .select(['d.device_no', 't.timeline_no', 't.head', 't.messages as head_messages'])
      .select([sql<number>`${position}`.as('position'), sql<number>`${messages}`.as('messages')])
      .where('d.app_no', '=', app)
      .where('d.user', '=', user)
      .where('d.device', '=', device)
      .where('t.timeline', '=', timeline),
  );
  const moved = (column: 'position' | 'messages') =>
    greatest(sql.ref(`device_cursors.${column}`), sql.ref(`excluded.${column}`));
  const move = statements.insert(
    'device_cursors',
    { device_no: 'whole', timeline_no: 'whole', position: 'whole', messages: 'whole' },
    sql`on conflict (device_no, timeline_no) do update
      set position = ${moved('position')}, messages = ${moved('messages')}
      where excluded.position > device_cursors.position or excluded.messages > device_cursors.messages`,
  );

  return function* confirm(moves: readonly CursorMove[]): Steps<void> {
    const asked = moves.map(({ through, ...rest }) => ({ ...rest, ...through }));
    const found: readonly Found[] = yield* rows(each(find, asked));
    yield each(move, furthest(found));
  };
}

/** One move of each cursor, in one order everywhere: batches that share cursors wait for each other, not both ways. */
function furthest(found: readonly Found[]): readonly DeviceCursorsTable[] {
  const byCursor = new Map<string, DeviceCursorsTable>();
  for (const { head, head_messages, ...row } of found) {
    const key = `${row.device_no}/${row.timeline_no}`;
    const before = byCursor.get(key);
    byCursor.set(key, {
      ...row,
      position: Math.max(Math.min(row.position, head), before?.position ?? 0),
      messages: Math.max(Math.min(row.messages, head_messages), before?.messages ?? 0),
    });
  }
  return [...byCursor.values()].sort((a, b) => a.device_no - b.device_no || a.timeline_no - b.timeline_no);
}
