import { limits } from '@recalld/domain';
import type { Instant, Position, RedeliveryJob, RedeliverySelection } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import type { PositionBefore } from '../readers/positionBefore.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { atPlace, deliveriesOf, deliveryKeys, keyKinds, parseDeliveryId } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';

export interface CandidatesDeps {
  readonly database: Reads;
  readonly positionBefore: PositionBefore;
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
export function createCandidates({ database: { db, statements }, positionBefore }: CandidatesDeps) {
  const at = statements.select<DeliveryKey>(keyKinds)((key) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where((e) => atPlace(e, key)),
  );

  function* named(
    job: RedeliveryJob,
    all: readonly string[],
    place: string | null,
    max: number,
  ): Steps<Candidates> {
    const from = place === null ? 0 : Number(place);
    const ids = [...new Set(all)];
    const keys = ids.slice(from, from + max).flatMap((id) => {
      const name = parseDeliveryId(id);
      return name === undefined ? [] : [{ ...name, app: job.app }];
    });
    const looked = yield* rows(each(at, keys));
    return { looked, place: from + max < ids.length ? String(from + max) : null };
  }

  function* startAt(since: Instant): Steps<Place> {
    return [(yield* positionBefore(since - limits.clockSkewMsMax)) + 1, ''];
  }

  /** The log narrows down the time, as far as clocks agree; `selects` has the last word. */
  function* created(
    job: RedeliveryJob,
    { since, until, statuses }: Created,
    place: string | null,
    max: number,
  ): Steps<Candidates> {
    const from = place === null ? yield* startAt(since) : (JSON.parse(place) as Place);
    const through = yield* positionBefore(until + limits.clockSkewMsMax);
    const keys = deliveryKeys(db)
      .where('app_no', '=', job.app)
      .where('first_position', '<=', through)
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

  return function candidatesOf(job: RedeliveryJob, place: string | null, max: number): Steps<Candidates> {
    const { selection } = job;
    return selection.kind === 'named'
      ? named(job, selection.ids, place, max)
      : created(job, selection, place, max);
  };
}
