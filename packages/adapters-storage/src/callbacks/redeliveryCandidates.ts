import { limits } from '@recalld/domain';
import type { Instant, Position, RedeliveryJob, RedeliverySelection } from '@recalld/domain';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { rows } from '../writer.js';
import type { Write } from '../writer.js';
import { deliveriesOf, deliveryAt, deliveryKeys, parseDeliveryId } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';

export interface CandidatesDeps {
  readonly db: Kysely<Schema>;
  readonly positionBefore: (instant: Instant) => Position;
}

/** What one step of a job looks at. */
interface Candidates {
  readonly looked: readonly DeliveryRow[];
  /** Where the next step goes on, JSON; null when there is none. */
  readonly place: string | null;
}

type Created = Extract<RedeliverySelection, { readonly kind: 'created' }>;

/** Where a job goes on: a delivery's first position and its rule. */
type Place = readonly [position: Position, ruleId: string];

/** Answers what a job looks at next: named ones in the order of their names, others as they were planned. */
export function createCandidates({ db, positionBefore }: CandidatesDeps) {
  function* named(
    job: RedeliveryJob,
    all: readonly string[],
    place: string | null,
    max: number,
  ): Write<Candidates> {
    const from = place === null ? 0 : Number(place);
    const ids = [...new Set(all)];
    const looked: DeliveryRow[] = [];
    for (const id of ids.slice(from, from + max)) {
      const name = parseDeliveryId(id);
      if (name === undefined) continue;
      looked.push(...(yield* rows(deliveryAt(db, { ...name, app: job.app }))));
    }
    return { looked, place: from + max < ids.length ? String(from + max) : null };
  }

  /** The log narrows down the time, as far as clocks agree; `selects` has the last word. */
  function* created(
    job: RedeliveryJob,
    { since, until, statuses }: Created,
    place: string | null,
    max: number,
  ): Write<Candidates> {
    const start: Place = [positionBefore(since - limits.clockSkewMsMax) + 1, ''];
    const from = place === null ? start : (JSON.parse(place) as Place);
    const keys = deliveryKeys(db)
      .where('app_no', '=', job.app)
      .where('first_position', '<=', positionBefore(until + limits.clockSkewMsMax))
      .where((e) => e(e.refTuple('first_position', 'rule_id'), '>', e.tuple(from[0], from[1])))
      // In the words of the index on dead ones, which has all of the key and wades through no others.
      .$if(
        statuses.every((status) => status === 'dead'),
        (q) => q.where(sql<boolean>`stage = 'dead'`),
      )
      .orderBy('first_position')
      .orderBy('rule_id')
      .limit(max + 1);
    const found = yield* rows(deliveriesOf(db, keys).orderBy('k.first_position').orderBy('k.rule_id'));
    const looked = found.slice(0, max);
    const last = looked.at(-1);
    if (last === undefined || found.length <= max) return { looked, place: null };
    return { looked, place: JSON.stringify([last.first_position, last.rule_id] satisfies Place) };
  }

  return function candidatesOf(job: RedeliveryJob, place: string | null, max: number): Write<Candidates> {
    const { selection } = job;
    return selection.kind === 'named'
      ? named(job, selection.ids, place, max)
      : created(job, selection, place, max);
  };
}
