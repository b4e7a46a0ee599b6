import { assert, never } from '@recalld/domain';
import type { AppNo, DeliveryState, Position } from '@recalld/domain';
import type { ExpressionBuilder, Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import type { DeliveriesTable } from '../callbackTables.js';
import type { Schema } from '../schema.js';
import type { EachStatement, Statements } from '../statements.js';

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

/** What the columns of a key are. */
export const keyKinds = { app: 'whole', firstPosition: 'whole', ruleId: 'text' } as const;

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

export function deliveryAt(db: Kysely<Schema>, key: DeliveryKey) {
  return db
    .selectFrom('deliveries')
    .selectAll()
    .where((e) => atPlace(e, key));
}

const keyColumns = ['app_no', 'first_position', 'rule_id'] as const;
type KeyColumns = Pick<DeliveryRow, (typeof keyColumns)[number]>;

/** Selects nothing but the keys of deliveries: indexes have all of them. */
export function deliveryKeys(db: Kysely<Schema>) {
  return db.selectFrom('deliveries').select(keyColumns);
}

/** The deliveries `d` that some keys `k` name. */
export function deliveriesOf(db: Kysely<Schema>, keys: SelectQueryBuilder<Schema, 'deliveries', KeyColumns>) {
  return db
    .selectFrom('deliveries as d')
    .innerJoin(keys.as('k'), (join) =>
      keyColumns.reduce((on, column) => on.onRef(`k.${column}`, '=', `d.${column}`), join),
    )
    .selectAll('d');
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

/** A delivery's new state, and the conversation whose order it keeps from now on. */
type WrittenState = DeliveryKey & StateColumns & Pick<DeliveryRow, 'order_key'>;

export function createWriteStates(statements: Statements): EachStatement<WrittenState, unknown> {
  return statements.change<WrittenState>({
    ...keyKinds,
    stage: 'text',
    attempts: 'whole',
    due_at: 'whole',
    lease_owner: 'text',
    order_key: 'text',
  })((written, start) => {
    const { stage, attempts, due_at, lease_owner, order_key } = written;
    return start
      .update('deliveries')
      .set({ stage, attempts, due_at, lease_owner, order_key })
      .where((e) => atPlace(e, written));
  });
}
