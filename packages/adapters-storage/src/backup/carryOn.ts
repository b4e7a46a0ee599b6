import { idEpochMs } from '@recalld/domain';
import type { AppNo, Instant, Position } from '@recalld/domain';
import { sql } from 'kysely';
import { createLeaveOrder } from '../callbacks/deliveryOrder.js';
import { createWriteStates, keyOf } from '../callbacks/deliveryRows.js';
import type { DeliveryRow } from '../callbacks/deliveryRows.js';
import type { Database } from '../engines/database.js';
import { each } from '../steps.js';
import type { CountedTimeline, Predecessor } from './predecessor.js';

/** What a store that goes on from a copy must not do a second time. */
export interface CarryOn {
  /** The copy's, which nobody else writes. */
  readonly database: Database;
  /** The store that went on from the copy; undefined when nobody can look at it. */
  readonly predecessor: Predecessor | undefined;
  /** Where the copy's log ended when it was made. */
  readonly base: Position;
  readonly now: Instant;
}

const pageRows = 500;

/** No node mints an id of a second that was in use before: not in the predecessor, and not until now. */
export async function raiseSeconds({ database, predecessor, now }: CarryOn): Promise<void> {
  const { db, words } = database;
  const second = Math.floor((now - idEpochMs) / 1000);
  const known = (await predecessor?.nodes()) ?? [];
  await database.write(function* () {
    yield db
      .updateTable('nodes')
      .set({ last_second: words.greatest(sql.ref('last_second'), sql`${second}`) });
    for (const { node_no, last_second } of known) {
      yield db
        .insertInto('nodes')
        .values({ node_no, last_second: Math.max(second, last_second), lease_until: 0 })
        .onConflict((conflict) =>
          conflict.column('node_no').doUpdateSet({
            last_second: words.greatest(sql.ref('nodes.last_second'), sql.ref('excluded.last_second')),
          }),
        );
    }
  });
}

/** No MsgSeq and no place in a timeline that the predecessor gave out is given out again. */
export async function raiseTimelines({ database, predecessor }: CarryOn): Promise<void> {
  if (predecessor === undefined) return;
  const { db, statements, words } = database;
  const found = await db.selectFrom('apps').select(['app_no', 'org', 'name']).execute();
  const apps = new Map(found.map(({ app_no, org, name }) => [`${org}#${name}`, app_no]));
  const raised = (column: string) =>
    words.greatest(sql.ref(`timelines.${column}`), sql.ref(`excluded.${column}`));
  const raise = statements.insert(
    'timelines',
    { app_no: 'whole', timeline: 'text', head: 'whole', messages: 'whole', user_a: 'text', user_b: 'text' },
    sql`on conflict (app_no, timeline) do update
      set head = ${raised('head')}, messages = ${raised('messages')}`,
  );
  const rowOf = (app_no: AppNo, { timeline, head, messages, user_a, user_b }: CountedTimeline) => ({
    app_no,
    timeline,
    head,
    messages,
    user_a,
    user_b,
  });
  for await (const page of predecessor.timelines()) {
    const known = page.flatMap((counted) => {
      const app = apps.get(`${counted.org}#${counted.app}`);
      return app === undefined ? [] : [rowOf(app, counted)];
    });
    await database.write(function* () {
      yield each(raise, known);
    });
  }
}

/**
 * Ends the copy's open deliveries that are over in the predecessor, those that it has forgotten since
 * among them; what stood behind them may go. Answers how many.
 */
export async function endDeliveries({ database, predecessor, base, now }: CarryOn): Promise<number> {
  if (predecessor === undefined) return 0;
  const writeStates = createWriteStates(database.statements);
  const leaveOrder = createLeaveOrder(database);
  let ended = 0;
  let after: DeliveryRow | undefined;
  for (;;) {
    const open = await openDeliveries(database, base, after);
    if (open.length === 0) return ended;
    after = open.at(-1);
    const found = await predecessor.deliveries(open.map(keyOf));
    const there = new Map(found.map((row) => [nameOf(row), row]));
    const over = open.flatMap((row) => {
      const { stage, attempts } = there.get(nameOf(row)) ?? {
        stage: 'delivered' as const,
        attempts: row.attempts,
      };
      return stage === 'delivered' || stage === 'dead' ? [{ row, stage, attempts }] : [];
    });
    await database.write(function* () {
      yield each(
        writeStates,
        over.map(({ row, stage, attempts }) => ({
          ...keyOf(row),
          stage,
          attempts,
          due_at: null,
          lease_owner: null,
          order_key: row.order_key,
        })),
      );
      yield* leaveOrder(
        over.map(({ row }) => ({ key: keyOf(row), orderKey: row.order_key })),
        now,
      );
    });
    ended += over.length;
  }
}

const nameOf = ({ first_position, rule_id }: Pick<DeliveryRow, 'first_position' | 'rule_id'>): string =>
  `${rule_id}:${first_position}`;

/** In one order, whatever becomes of them meanwhile. */
function openDeliveries(
  { db }: Database,
  through: Position,
  after: DeliveryRow | undefined,
): Promise<DeliveryRow[]> {
  return db
    .selectFrom('deliveries')
    .selectAll()
    .where('stage', 'in', ['behind', 'pending'])
    .where('first_position', '<=', through)
    .$if(after !== undefined, (query) =>
      query.where((e) =>
        e(
          e.refTuple('first_position', 'rule_id'),
          '>',
          e.tuple(after?.first_position ?? 0, after?.rule_id ?? ''),
        ),
      ),
    )
    .orderBy('first_position')
    .orderBy('rule_id')
    .limit(pageRows)
    .execute();
}

/** More than any store writes; after a last known event, for as long as nobody knows what came. */
const eventsPerMsMax = 100;
const eventsAtLeast = 1_000_000;

/** Where a log goes on when it is not known how far its predecessor's came after a position of some instant. */
export function generousPosition(position: Position, at: Instant, now: Instant): Position {
  return position + eventsAtLeast + Math.max(0, now - at) * eventsPerMsMax;
}
