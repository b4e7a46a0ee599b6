import { assert, plannedDelivery } from '@recalld/domain';
import type { RecordedEvent, Unit } from '@recalld/domain';
import type { Insertable } from 'kysely';
import type { RuleBook } from '../callbacks/ruleBook.js';
import { queuedFor } from '../callbacks/deliveryOrder.js';
import { stateColumns } from '../callbacks/deliveryRows.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import type { DeliveriesTable } from '../schema.js';
import { template } from '../statements.js';

/** Queues the callbacks of a unit, due at once or behind an earlier one of their conversation. */
export function createPlannedDeliveries(
  engine: SqliteEngine,
  rules: RuleBook,
): (unit: Unit, recorded: readonly RecordedEvent[]) => void {
  const insert = engine.prepare(
    template<Insertable<DeliveriesTable>>()((row) =>
      engine.db.insertInto('deliveries').values({
        app_no: row.app_no,
        first_position: row.first_position,
        rule_id: row.rule_id,
        rule_version: row.rule_version,
        events: row.events,
        order_key: row.order_key,
        stage: row.stage,
        attempts: row.attempts,
        due_at: row.due_at,
        lease_owner: row.lease_owner,
        created_at: row.created_at,
      }),
    ),
  );
  const queued = engine.prepare(queuedFor(engine.db));

  /** Whether an earlier one of the conversation is not over; what has no order costs nothing. */
  function isBehind(ruleId: string, orderKey: string | null): boolean {
    return orderKey !== null && queued.get({ ruleId, orderKey }) !== undefined;
  }

  return ({ app, deliveries }, recorded) => {
    for (const { rule, events, orderKey } of deliveries) {
      const planned = rules.forAttempt(rule.id, rule.version);
      assert(planned !== undefined, `rule ${rule.id} has a version ${rule.version}`);
      const told = events.map((index) => recorded[index]);
      const [first] = told;
      assert(first !== undefined && !told.includes(undefined), `a delivery tells of events of its unit`);
      insert.run({
        app_no: app,
        first_position: first.position,
        rule_id: rule.id,
        rule_version: rule.version,
        events: JSON.stringify(told.map((event) => event?.position)),
        order_key: orderKey,
        ...stateColumns(plannedDelivery(first.occurredAt, isBehind(rule.id, orderKey))),
        created_at: first.occurredAt,
      });
    }
  };
}
