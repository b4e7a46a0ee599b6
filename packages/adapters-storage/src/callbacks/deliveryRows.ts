import { assert, never } from '@recalld/domain';
import type { App, AppNo, CallbackRule, DeliveryState, Position, RecordedEvent } from '@recalld/domain';
import type { ExpressionBuilder, Selectable } from 'kysely';
import type { AppBook } from '../directory/appBook.js';
import type { SqliteReads } from '../engines/connection.js';
import { eventColumns, fromTuple } from '../eventRows.js';
import type { EventTuple } from '../eventRows.js';
import type { DeliveriesTable, Schema } from '../schema.js';
import { template } from '../statements.js';
import type { RuleBook } from './ruleBook.js';

export type DeliveryRow = Selectable<DeliveriesTable>;

/** What names a delivery: its id is `{rule}:{first position}`. */
export interface NamedDelivery {
  readonly ruleId: string;
  readonly firstPosition: Position;
}

/** A delivery's place in the table. */
export interface DeliveryKey extends NamedDelivery {
  readonly app: AppNo;
}

export function keyOf(row: Pick<DeliveryRow, 'app_no' | 'first_position' | 'rule_id'>): DeliveryKey {
  return { app: row.app_no, firstPosition: row.first_position, ruleId: row.rule_id };
}

export function atPlace(e: ExpressionBuilder<Schema, 'deliveries'>, key: DeliveryKey) {
  return e.and([
    e('app_no', '=', key.app),
    e('first_position', '=', key.firstPosition),
    e('rule_id', '=', key.ruleId),
  ]);
}

export function deliveryId(row: Pick<DeliveryRow, 'rule_id' | 'first_position'>): string {
  return `${row.rule_id}:${row.first_position}`;
}

/** Undefined for a text that no delivery can have as its id. */
export function parseDeliveryId(id: string): NamedDelivery | undefined {
  const [, ruleId, position] = /^(.+):([1-9][0-9]{0,15})$/.exec(id) ?? [];
  if (ruleId === undefined || position === undefined) return undefined;
  return { ruleId, firstPosition: Number(position) };
}

export function stateOf(row: DeliveryRow): DeliveryState {
  const { stage, attempts, due_at: dueAt, lease_owner: owner } = row;
  if (stage !== 'pending') return { status: stage, attempts };
  assert(dueAt !== null, `delivery ${deliveryId(row)} is due at some time`);
  if (owner === null) return { status: 'waiting', attempts, dueAt };
  return { status: 'leased', attempts, owner, leaseUntil: dueAt };
}

/** The columns that hold a state. */
type StateColumns = Pick<DeliveryRow, 'stage' | 'attempts' | 'due_at' | 'lease_owner'>;

export function stateColumns(state: DeliveryState): StateColumns {
  const { status, attempts } = state;
  switch (status) {
    case 'behind':
      return { stage: 'behind', attempts, due_at: null, lease_owner: null };
    case 'waiting':
      return { stage: 'pending', attempts, due_at: state.dueAt, lease_owner: null };
    case 'leased':
      return { stage: 'pending', attempts, due_at: state.leaseUntil, lease_owner: state.owner };
    case 'delivered':
    case 'dead':
      return { stage: status, attempts, due_at: null, lease_owner: null };
    default:
      return never(status);
  }
}

/** Everything that a delivery's request is rendered from; the rule is that of an attempt made now. */
export interface DeliveryParts {
  readonly id: string;
  readonly app: App;
  readonly rule: CallbackRule;
  readonly events: readonly RecordedEvent[];
}

export function createDeliveryParts(
  reads: SqliteReads,
  apps: AppBook,
  rules: RuleBook,
): (row: DeliveryRow) => DeliveryParts {
  const eventAt = reads.prepare(
    template<{ position: Position }>()(({ position }) =>
      reads.db.selectFrom('events').select(eventColumns).where('position', '=', position),
    ),
  );

  function eventsOf(row: DeliveryRow): readonly RecordedEvent[] {
    return (JSON.parse(row.events) as Position[]).map((position) => {
      const [event] = eventAt.tuples({ position });
      assert(event !== undefined, `event ${position} of delivery ${deliveryId(row)} is in the log`);
      return fromTuple(event as unknown as EventTuple);
    });
  }

  function appOf(no: AppNo): App {
    const app = apps.byNo(no);
    assert(app !== undefined, `app ${no} is there`);
    return app;
  }

  return (row) => {
    const rule = rules.forAttempt(row.rule_id, row.rule_version);
    return { id: deliveryId(row), app: appOf(row.app_no), rule, events: eventsOf(row) };
  };
}
