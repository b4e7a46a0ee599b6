import { assert, plannedDelivery } from '@recalld/domain';
import type { DueDelivery, RecordedEvent, Unit } from '@recalld/domain';
import { createAskFirst, placeText } from '../callbacks/deliveryOrder.js';
import type { OrderPlace } from '../callbacks/deliveryOrder.js';
import { stateColumns } from '../callbacks/deliveryRows.js';
import { createHoldRules } from '../callbacks/holdRules.js';
import type { Reads } from '../engines/database.js';
import type { DeliveriesTable } from '../callbackTables.js';
import { each, together } from '../steps.js';
import type { Steps } from '../steps.js';

/** A callback of a unit that is on its way to the queue. */
interface Planned extends DueDelivery {
  readonly unit: Unit;
  readonly told: readonly RecordedEvent[];
  readonly first: RecordedEvent;
}

/** Queues the callbacks of a batch, due at once or behind an earlier one of their conversation. */
export function createPlannedDeliveries(
  reads: Reads,
): (units: readonly Unit[], recorded: readonly (readonly RecordedEvent[])[]) => Steps<void> {
  const insert = createInsertion(reads);
  const holdRules = createHoldRules(reads);
  const askFirst = createAskFirst(reads);

  return function* plan(units, recorded) {
    const planned = units.flatMap((unit, n) => plannedOf(unit, recorded[n] ?? []));
    if (planned.length === 0) return;
    // A rule is not removed before these are there, to be given up then. Where nothing of a conversation
    // is queued yet, its turn alone keeps another node from planning beside this one.
    const [rules, , queued] = yield* together(
      holdRules(planned.map(({ rule }) => rule.id)),
      reads.words.takeTurns(planned.flatMap(turnOf)),
      askFirst(planned.flatMap(placeOf)),
    );
    const removed = new Map(rules.map((rule) => [rule.rule_id, rule.removed === 1]));
    const busy = new Set(
      queued.map((row) => placeText({ ruleId: row.rule_id, orderKey: row.order_key ?? '' })),
    );
    const rows: DeliveriesTable[] = [];
    for (const delivery of planned) {
      const isRemoved = removed.get(delivery.rule.id);
      assert(isRemoved !== undefined, `there is a rule ${delivery.rule.id}`);
      if (!isRemoved) rows.push(rowOf(delivery, isBehind(delivery, busy)));
    }
    yield each(insert, rows);
  };
}

function plannedOf(unit: Unit, recorded: readonly RecordedEvent[]): readonly Planned[] {
  return unit.deliveries.map((delivery) => {
    const told = delivery.events.flatMap((index) => recorded[index] ?? []);
    const [first] = told;
    assert(
      first !== undefined && told.length === delivery.events.length,
      'a delivery tells of events of its unit',
    );
    return { ...delivery, unit, told, first };
  });
}

/** One for all rules: they mostly plan for the same conversations, and locks are counted. */
function turnOf({ unit, orderKey }: Planned): readonly string[] {
  return orderKey === null ? [] : [`${unit.app}/${orderKey}`];
}

/** Where it wants a place in an order, if it does. */
function placeOf({ rule, orderKey }: Planned): readonly OrderPlace[] {
  return orderKey === null ? [] : [{ ruleId: rule.id, orderKey }];
}

/** Whether an earlier one of the conversation is not over; the next one is behind this one. */
function isBehind({ rule, orderKey }: Planned, busy: Set<string>): boolean {
  if (orderKey === null) return false;
  const place = placeText({ ruleId: rule.id, orderKey });
  if (busy.has(place)) return true;
  busy.add(place);
  return false;
}

function rowOf({ unit, rule, told, first, orderKey }: Planned, behind: boolean): DeliveriesTable {
  return {
    app_no: unit.app,
    first_position: first.position,
    rule_id: rule.id,
    rule_version: rule.version,
    events: JSON.stringify(told.map(({ position }) => position)),
    order_key: orderKey,
    ...stateColumns(plannedDelivery(first.occurredAt, behind)),
    created_at: first.occurredAt,
  };
}

function createInsertion({ statements }: Reads) {
  return statements.insert('deliveries', {
    app_no: 'whole',
    first_position: 'whole',
    rule_id: 'text',
    rule_version: 'whole',
    events: 'text',
    order_key: 'text',
    stage: 'text',
    attempts: 'whole',
    due_at: 'whole',
    lease_owner: 'text',
    created_at: 'whole',
  });
}
