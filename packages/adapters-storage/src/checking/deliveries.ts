import type { Position } from '@recalld/domain';
import { sql } from 'kysely';
import type { DeliveriesTable } from '../callbackTables.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check, CheckDeps, Piece } from './check.js';
import type { Finding } from './finding.js';

type Row = Pick<
  DeliveriesTable,
  'app_no' | 'first_position' | 'rule_id' | 'rule_version' | 'events' | 'stage'
>;
type Place = Pick<Row, 'app_no' | 'first_position' | 'rule_id'>;

/** The events and the rule of every delivery are there. */
export const deliveries: Check = {
  name: 'deliveries',
  run: (deps) =>
    walk(deps, { app_no: 0, first_position: 0, rule_id: '' }, (from: Place) =>
      deps.reads.read(() => look(deps, from)),
    ),
};

function* look({ reads: { db, statements }, kind: engine }: CheckDeps, from: Place): Steps<Piece<Place>> {
  const found = yield* rows(
    db
      .selectFrom('deliveries')
      .select(['app_no', 'first_position', 'rule_id', 'rule_version', 'events', 'stage'])
      .where(
        sql<boolean>`(app_no, first_position, rule_id) > (${from.app_no}, ${from.first_position}, ${from.rule_id})`,
      )
      .orderBy('app_no')
      .orderBy('first_position')
      .orderBy('rule_id')
      .limit(pieceRows),
  );
  const eventAt = statements.select<{ position: Position }>({ position: 'whole' })(({ position }) =>
    db.selectFrom('events').select('position').where('position', '=', position),
  );
  const ruleOf = statements.select<{ rule: string; version: number }>({ rule: 'text', version: 'whole' })(
    ({ rule, version }) =>
      db
        .selectFrom('callback_rule_versions as v')
        .innerJoin('callback_rules as r', 'r.rule_id', 'v.rule_id')
        .select(['r.app_no', 'v.rule_id', 'v.version'])
        .where('v.rule_id', '=', rule)
        .where('v.version', '=', version),
  );
  // What is over may outlive its events where the log is dropped when its time is over.
  const needsEvents = ({ stage }: Row) => engine === 'sqlite' || stage === 'behind' || stage === 'pending';
  const positions = [...new Set(found.filter(needsEvents).flatMap(positionsOf))];
  const events = yield* rows(
    each(
      eventAt,
      positions.map((position) => ({ position })),
    ),
  );
  const there = new Set(events.map(({ position }) => position));
  const versions = new Map(
    found.map(({ rule_id: rule, rule_version: version }) => [`${rule}/${version}`, { rule, version }]),
  );
  const rules = yield* rows(each(ruleOf, [...versions.values()]));
  const known = new Set(rules.map((row) => `${row.app_no}/${row.rule_id}/${row.version}`));
  const findings = found.flatMap((row) => [
    ...(needsEvents(row) && !positionsOf(row).every((position) => there.has(position))
      ? [finding('deliveryWithoutEvent', row)]
      : []),
    ...(known.has(`${row.app_no}/${row.rule_id}/${row.rule_version}`)
      ? []
      : [finding('deliveryWithoutRule', row)]),
  ]);
  return { findings, looked: found.length, next: found.length < pieceRows ? undefined : found.at(-1) };
}

function positionsOf({ events }: Row): readonly Position[] {
  return JSON.parse(events) as readonly Position[];
}

function finding(kind: Finding['kind'], { app_no: app, first_position, rule_id }: Row): Finding {
  return { kind, app, about: { delivery: `${rule_id}:${first_position}` } };
}
