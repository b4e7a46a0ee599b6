import type { App, CallbackRule, Position, RecordedEvent } from '@recalld/domain';
import type { AppBook, KnownApps } from '../directory/appBook.js';
import type { Reads } from '../engines/database.js';
import { eventColumns, fromTuple } from '../eventRows.js';
import type { EventTuple } from '../eventRows.js';
import { each } from '../steps.js';
import type { Steps } from '../steps.js';
import { deliveryId } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';
import type { Rules } from './ruleBook.js';

/** Everything that a delivery's request is rendered from; the rule is that of an attempt made now. */
export interface DeliveryParts {
  readonly id: string;
  readonly app: App;
  readonly rule: CallbackRule;
  readonly events: readonly RecordedEvent[];
}

/** What a delivery is made of is not there, or is damaged: another look finds the same. */
export class UnreadableDelivery extends Error {
  override readonly name = 'UnreadableDelivery';
}

/** Answers for each row, in order, its parts or why it has none. @throws faults of the storage itself. */
export type PartsOf = (
  rows: readonly DeliveryRow[],
  rules: Rules,
) => Steps<readonly (DeliveryParts | UnreadableDelivery)[]>;

/** What the parts of some rows are looked up in. */
interface Found {
  readonly apps: KnownApps;
  readonly rules: ReadonlyMap<DeliveryRow, CallbackRule>;
  readonly events: ReadonlyMap<Position, EventTuple>;
}

export function createDeliveryParts({ db, statements }: Reads, apps: AppBook): PartsOf {
  const eventAt = statements.select<{ position: Position }>(
    { position: 'whole' },
    true,
  )(({ position }) => db.selectFrom('events').select(eventColumns).where('position', '=', position));

  return function* partsOf(rows, rules) {
    if (rows.length === 0) return [];
    const found = {
      apps: yield* apps.open(),
      rules: yield* rulesOf(rows, rules),
      events: new Map<Position, EventTuple>(),
    };
    const positions = new Set(rows.flatMap((row) => readPositions(row) ?? []));
    const asked = Array.from(positions, (position) => ({ position }));
    const tuples = (yield each(eventAt, asked)).rows as readonly EventTuple[];
    for (const tuple of tuples) found.events.set(tuple[0], tuple);
    return rows.map((row) => partsOrWhyNot(row, found));
  };
}

function* rulesOf(rows: readonly DeliveryRow[], rules: Rules): Steps<ReadonlyMap<DeliveryRow, CallbackRule>> {
  const found = new Map<DeliveryRow, CallbackRule>();
  for (const row of rows) {
    const rule = yield* rules.forAttempt(row.rule_id, row.rule_version);
    if (rule !== undefined) found.set(row, rule);
  }
  return found;
}

/** Undefined for what is no list of positions. */
function readPositions(row: DeliveryRow): readonly Position[] | undefined {
  const positions = readJson(row.events);
  return Array.isArray(positions) && positions.every(Number.isSafeInteger)
    ? (positions as readonly Position[])
    : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function partsOrWhyNot(row: DeliveryRow, found: Found): DeliveryParts | UnreadableDelivery {
  try {
    return parts(row, found);
  } catch (fault) {
    if (fault instanceof UnreadableDelivery) return fault;
    // Nothing but damaged JSON is one of these.
    if (!(fault instanceof SyntaxError)) throw fault;
    return new UnreadableDelivery(`delivery ${deliveryId(row)} is made of damaged JSON`, { cause: fault });
  }
}

function parts(row: DeliveryRow, { apps, rules, events }: Found): DeliveryParts {
  const { rule_id: ruleId, rule_version: version } = row;
  return {
    id: deliveryId(row),
    app: there(apps.byNo(row.app_no), `app ${row.app_no}`),
    rule: there(rules.get(row), `version ${version} of rule ${ruleId}`),
    events: there(readPositions(row), 'a list of positions').map((position) =>
      fromTuple(there(events.get(position), `event ${position}`)),
    ),
  };
}

function there<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new UnreadableDelivery(`${what} of a delivery is not there`);
  return found;
}
