import { givenUp, isOver } from '@recalld/domain';
import type { DeliveryState, Instant } from '@recalld/domain';
import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Database } from '../engines/database.js';
import type { Schema } from '../schema.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { createWriteStates, keyOf, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';

// A rule is removed by one word in its row, however many deliveries it has open: from then on they are
// dead to everybody who reads the queue, and nobody sends them. Their rows follow in small steps.

/** A delivery's state as everybody but the queue sees it. */
export function stateShown(row: DeliveryRow, isRemoved: boolean): DeliveryState {
  const state = stateOf(row);
  return isRemoved && !isOver(state) ? givenUp(state) : state;
}

/** Removed rules whose rows say of some deliveries that they are open. */
export function unburiedRules(db: Kysely<Schema>) {
  // As values: each is one look at an index, whatever the planner thinks of the number of rules.
  const oneOf = (e: ExpressionBuilder<Schema, 'callback_rules'>) =>
    e.selectFrom('deliveries as d').select('d.rule_id').limit(1);
  return db
    .selectFrom('callback_rules')
    .select('rule_id')
    .where('removed', '=', 1)
    .where((e) =>
      e(
        e.fn.coalesce(
          oneOf(e).whereRef('d.rule_id', '=', 'callback_rules.rule_id').where('d.due_at', 'is not', null),
          oneOf(e)
            .whereRef('d.rule_id', '=', 'callback_rules.rule_id')
            .where('d.order_key', 'is not', null)
            .where('d.stage', '=', 'behind'),
        ),
        'is not',
        null,
      ),
    );
}

/** How far somebody has come with a rule: the index keeps what is given up for a while, before what is left. */
interface Place {
  readonly ruleId: string;
  readonly dueFrom: Instant;
  readonly orderFrom: string;
}

interface GivenUp {
  readonly count: number;
  /** Where the next step goes on; undefined once nothing is left of the rule. */
  readonly next: Place | undefined;
}

/** By `CallbackRules.giveUpRemoved`. Whoever has a delivery in hand is not waited for: it is found again. */
export function createGiveUpRemoved(database: Database): (max: number) => Promise<number> {
  const step = createStep(database);
  let place: Place | undefined;
  return async function giveUpRemoved(max) {
    // Nothing left of one rule: perhaps there is another one.
    const looks = place === undefined ? 1 : 2;
    for (let look = 1; look <= looks; look += 1) {
      const from = place;
      const { count, next } = await database.writeRelaxed(() => step(from, max));
      place = next;
      if (count > 0) return count;
    }
    return 0;
  };
}

function createStep(database: Database): (from: Place | undefined, max: number) => Steps<GivenUp> {
  const { db, statements, words } = database;
  const writeStates = createWriteStates(statements);
  const ofRule = (ruleId: string, max: number) =>
    db.selectFrom('deliveries').selectAll().where('rule_id', '=', ruleId).limit(max);

  function* first(): Steps<Place | undefined> {
    const [rule] = yield* rows(unburiedRules(db).limit(1));
    return rule && { ruleId: rule.rule_id, dueFrom: Number.MIN_SAFE_INTEGER, orderFrom: '' };
  }

  return function* step(from, max) {
    const place = from ?? (yield* first());
    if (place === undefined) return { count: 0, next: undefined };
    const { ruleId, dueFrom, orderFrom } = place;
    const due = yield* rows(
      ofRule(ruleId, max)
        .where('due_at', '>=', dueFrom)
        .orderBy('due_at')
        .modifyEnd(words.forUpdateSkipLocked),
    );
    const behind = yield* rows(
      ofRule(ruleId, max - due.length)
        .where('order_key', '>=', orderFrom)
        .where('stage', '=', 'behind')
        .orderBy('order_key')
        .modifyEnd(words.forUpdateSkipLocked),
    );
    const open = [...due, ...behind];
    yield each(
      writeStates,
      open.map((row) => ({ ...keyOf(row), ...stateColumns(givenUp(stateOf(row))), order_key: null })),
    );
    const next = {
      ruleId,
      dueFrom: due.at(-1)?.due_at ?? dueFrom,
      orderFrom: behind.at(-1)?.order_key ?? orderFrom,
    };
    return { count: open.length, next: open.length === 0 ? undefined : next };
  };
}
