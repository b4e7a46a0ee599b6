import type {
  AppNo,
  Attempt,
  DeliveryReader,
  DeliveryStatusFilter,
  DeliveryView,
  Log,
} from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import { sql } from 'kysely';
import { pageOf, placeIn } from '../paging.js';
import type { DeliveryAttemptsTable, Schema } from '../schema.js';
import { UnreadableDelivery } from './deliveryParts.js';
import type { PartsOf } from './deliveryParts.js';
import { atPlace, deliveriesOf, deliveryId, deliveryKeys, parseDeliveryId, stateOf } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';

export interface DeliveryReaderDeps {
  readonly db: Kysely<Schema>;
  readonly partsOf: PartsOf;
  readonly log: Log | undefined;
}

type ViewRow = DeliveryRow & { readonly last_status: number | null; readonly last_error: string | null };

/** Deliveries as the management API lists them. */
export function createDeliveryReader({ db, partsOf, log }: DeliveryReaderDeps): DeliveryReader {
  /** Undefined for one that cannot be read any more: it must not keep somebody from all others. */
  function view(row: ViewRow): DeliveryView | undefined {
    try {
      const { created_at: createdAt, last_status: lastStatus, last_error: lastError } = row;
      return { ...partsOf(row), state: stateOf(row), createdAt, lastStatus, lastError };
    } catch (fault) {
      if (!(fault instanceof UnreadableDelivery)) throw fault;
      log?.error({ err: fault, delivery: deliveryId(row) }, 'a delivery cannot be read; it is not shown');
      return undefined;
    }
  }

  return {
    async page({ app, status, ruleId, from, limit }) {
      const after = placeIn(from, 'number', 'string');
      const keys = keysOf(db, { app, status, ruleId, after })
        .orderBy('first_position', 'desc')
        .orderBy('rule_id', 'desc')
        .limit(limit + 1);
      const rows = await views(db, keys)
        .orderBy('k.first_position', 'desc')
        .orderBy('k.rule_id', 'desc')
        .execute();
      const { entities, ...rest } = pageOf(rows, limit, (row) => [row.first_position, row.rule_id], view);
      return { entities: entities.filter(isReadable), ...rest };
    },
    async find(app, id) {
      const key = parseDeliveryId(id);
      if (key === undefined) return undefined;
      const keys = deliveryKeys(db).where((e) => atPlace(e, { ...key, app }));
      const row = await views(db, keys).executeTakeFirst();
      const delivery = row && view(row);
      if (delivery === undefined) return undefined;
      const attempts = await db
        .selectFrom('delivery_attempts')
        .selectAll()
        .where('first_position', '=', key.firstPosition)
        .where('rule_id', '=', key.ruleId)
        .orderBy('n')
        .execute();
      return { delivery, attempts: attempts.map(toAttempt) };
    },
    async startingAt(app, position) {
      const keys = deliveryKeys(db).where('app_no', '=', app).where('first_position', '=', position);
      const rows = await views(db, keys).orderBy('k.rule_id').execute();
      return rows.map(view).filter(isReadable);
    },
  };
}

function isReadable(delivery: DeliveryView | undefined): delivery is DeliveryView {
  return delivery !== undefined;
}

interface Asked {
  readonly app: AppNo;
  readonly status: DeliveryStatusFilter | undefined;
  readonly ruleId: string | undefined;
  readonly after: readonly [number, string] | undefined;
}

/** The keys of a list alone: indexes have all of them, so that what is delivered is not waded through. */
function keysOf(db: Kysely<Schema>, { app, status, ruleId, after }: Asked) {
  const keys = () =>
    deliveryKeys(db)
      // The sign keeps a list of open ones from going through all of the app's.
      .where(status === 'pending' ? sql<number>`+app_no` : sql<number>`app_no`, '=', app)
      .$if(ruleId !== undefined, (q) => q.where('rule_id', '=', ruleId ?? ''))
      .$if(after !== undefined, (q) =>
        q.where(sql<boolean>`(first_position, rule_id) < (${after?.[0]}, ${after?.[1]})`),
      );
  switch (status) {
    case undefined:
      return keys();
    case 'delivered':
      return keys().where('stage', '=', status);
    case 'dead':
      // As a literal, in the words of its index.
      return keys().where(sql<boolean>`stage = 'dead'`);
    case 'pending': {
      const behind = keys().where('order_key', 'is not', null).where('stage', '=', 'behind');
      return keys().where('due_at', 'is not', null).unionAll(behind);
    }
  }
}

/** Deliveries with the outcome of their newest attempt. */
function views(db: Kysely<Schema>, keys: Parameters<typeof deliveriesOf>[1]) {
  return deliveriesOf(db, keys).select((e) => {
    const newest = e
      .selectFrom('delivery_attempts as a')
      .whereRef('a.first_position', '=', 'd.first_position')
      .whereRef('a.rule_id', '=', 'd.rule_id')
      .orderBy('a.n', 'desc')
      .limit(1);
    return [newest.select('a.status').as('last_status'), newest.select('a.error').as('last_error')];
  });
}

function toAttempt(row: Selectable<DeliveryAttemptsTable>): Attempt {
  const { requested_at: requestedAt, took_ms: tookMs, status, error, answer_head: answerHead } = row;
  const { url, headers } = row;
  const request =
    url === null || headers === null
      ? null
      : { url, headers: JSON.parse(headers) as Readonly<Record<string, string>> };
  return { requestedAt, tookMs, request, status, error, answerHead };
}
