import { assert, plannedDelivery } from '@recalld/domain';
import type { DueDelivery, RecordedEvent, Unit } from '@recalld/domain';
import { createQueuedFor } from '../callbacks/deliveryOrder.js';
import { stateColumns } from '../callbacks/deliveryRows.js';
import type { Reads } from '../engines/database.js';
import type { DeliveriesTable } from '../schema.js';
import { each, together } from '../steps.js';
import type { Steps } from '../steps.js';

/** A callback of a unit that is on its way to the queue. */
interface Planned extends DueDelivery {
  readonly unit: Unit;
  readonly told: readonly RecordedEvent[];
  readonly first: RecordedEvent;
}

interface Place {
  readonly ruleId: string;
  readonly orderKey: string;
}

/** Queues the callbacks of a batch, due at once or behind an earlier one of their conversation. */
export function createPlannedDeliveries(
  reads: Reads,
): (units: readonly Unit[], recorded: readonly (readonly RecordedEvent[])[]) => Steps<void> {
  const { insert, ruleOf } = compileAll(reads);
  const queuedFor = createQueuedFor(reads);

  return function* plan(units, recorded) {
    const planned = units.flatMap((unit, n) => plannedOf(unit, recorded[n] ?? []));
    if (planned.length === 0) return;
    const ruleIds = [...new Set(planned.map(({ rule }) => rule.id))];
    // A rule is not removed, and its open deliveries not given up, before these are among them.
    const [rules, queued] = yield* together(
      each(
        ruleOf,
        ruleIds.map((ruleId) => ({ ruleId })),
      ),
      each(queuedFor, [...placesOf(planned).values()]),
    );
    const removed = new Map(rules.map((rule) => [rule.rule_id, rule.removed === 1]));
    const busy = new Set(queued.map((row) => placeText({ ruleId: row.rule_id, orderKey: row.order_key ?? '' })));
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

/** Where something of the batch wants a place in an order. */
function placesOf(planned: readonly Planned[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const { rule, orderKey } of planned) {
    if (orderKey !== null) places.set(placeText({ ruleId: rule.id, orderKey }), { ruleId: rule.id, orderKey });
  }
  return places;
}

const placeText = ({ ruleId, orderKey }: Place): string => `${ruleId}:${orderKey}`;

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

function compileAll({ db, statements, words }: Reads) {
  return {
    ruleOf: statements.select<{ ruleId: string }>({ ruleId: 'text' })(({ ruleId }) =>
      db
        .selectFrom('callback_rules')
        .select(['rule_id', 'removed'])
        .where('rule_id', '=', ruleId)
        .modifyEnd(words.forKeyShare),
    ),
    insert: statements.insert('deliveries', {
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
    }),
  };
}
