import type { AppNo, Attempt, DeliveryReader, DeliveryStatusFilter, DeliveryView } from '@recalld/domain';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { pageOf, placeIn } from '../paging.js';
import type { Schema } from '../schema.js';
import { parseDeliveryId, stateOf } from './deliveryRows.js';
import type { DeliveryParts, DeliveryRow } from './deliveryRows.js';

export interface DeliveryReaderDeps {
  readonly db: Kysely<Schema>;
  readonly partsOf: (row: DeliveryRow) => DeliveryParts;
}

type ViewRow = DeliveryRow & { readonly last_status: number | null; readonly last_error: string | null };

/** Deliveries as the management API lists them. */
export function createDeliveryReader({ db, partsOf }: DeliveryReaderDeps): DeliveryReader {
  function view(row: ViewRow): DeliveryView {
    return {
      ...partsOf(row),
      state: stateOf(row),
      createdAt: row.created_at,
      lastStatus: row.last_status,
      lastError: row.last_error,
    };
  }

  return {
    async page({ app, status, from, limit }) {
      const after = placeIn(from, 'number', 'string');
      const rows = await views(db)
        .innerJoin(
          keysOf(db, app, status, after)
            .limit(limit + 1)
            .as('k'),
          (join) =>
            join
              .onRef('k.app_no', '=', 'd.app_no')
              .onRef('k.first_position', '=', 'd.first_position')
              .onRef('k.rule_id', '=', 'd.rule_id'),
        )
        .orderBy('k.first_position', 'desc')
        .orderBy('k.rule_id', 'desc')
        .execute();
      return pageOf(rows, limit, (row) => [row.first_position, row.rule_id], view);
    },
    async find(app, id) {
      const key = parseDeliveryId(id);
      if (key === undefined) return undefined;
      const row = await views(db)
        .where('d.app_no', '=', app)
        .where('d.first_position', '=', key.firstPosition)
        .where('d.rule_id', '=', key.ruleId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const attempts = await db
        .selectFrom('delivery_attempts')
        .selectAll()
        .where('first_position', '=', key.firstPosition)
        .where('rule_id', '=', key.ruleId)
        .orderBy('n')
        .execute();
      return { delivery: view(row), attempts: attempts.map(toAttempt) };
    },
  };
}

/** The keys of a page alone: indexes have all of them, so that what is delivered is not waded through. */
function keysOf(
  db: Kysely<Schema>,
  app: AppNo,
  status: DeliveryStatusFilter | undefined,
  after: readonly [number, string] | undefined,
) {
  return (
    db
      .selectFrom('deliveries')
      .select(['app_no', 'first_position', 'rule_id'])
      // The sign keeps a list of open ones from going through all of the app's.
      .where(status === 'pending' ? sql<number>`+app_no` : sql<number>`app_no`, '=', app)
      .$if(status === 'pending', (q) => q.where('due_at', 'is not', null))
      .$if(status === 'delivered', (q) => q.where('stage', '=', 'delivered'))
      // As a literal, in the words of its index.
      .$if(status === 'dead', (q) => q.where(sql<boolean>`stage = 'dead'`))
      .$if(after !== undefined, (q) =>
        q.where(sql<boolean>`(first_position, rule_id) < (${after?.[0]}, ${after?.[1]})`),
      )
      .orderBy('first_position', 'desc')
      .orderBy('rule_id', 'desc')
  );
}

/** Deliveries with the outcome of their newest attempt. */
function views(db: Kysely<Schema>) {
  return db
    .selectFrom('deliveries as d')
    .selectAll('d')
    .select((e) => {
      const newest = e
        .selectFrom('delivery_attempts as a')
        .whereRef('a.first_position', '=', 'd.first_position')
        .whereRef('a.rule_id', '=', 'd.rule_id')
        .orderBy('a.n', 'desc')
        .limit(1);
      return [newest.select('a.status').as('last_status'), newest.select('a.error').as('last_error')];
    });
}

function toAttempt(row: {
  requested_at: number;
  took_ms: number;
  status: number | null;
  error: string | null;
  answer_head: string | null;
}): Attempt {
  const { requested_at: requestedAt, took_ms: tookMs, status, error, answer_head: answerHead } = row;
  return { requestedAt, tookMs, status, error, answerHead };
}
