import { isOver, observeSettled } from '@recalld/domain';
import type { Instant, SettledDelivery, Settlement } from '@recalld/domain';
import type { GenerationCounter } from '../directory/generations.js';
import type { Database } from '../engines/database.js';
import { each, rows, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { createAskFirst, createLeaveOrder } from './deliveryOrder.js';
import type { Over } from './deliveryOrder.js';
import { attemptRow, createLeaseQueries } from './deliveryQueries.js';
import { deliveryId, parseDeliveryId, stateColumns } from './deliveryRows.js';
import type { DeliveryKey } from './deliveryRows.js';
import { createHoldRules } from './holdRules.js';
import { moveBy } from './moveHealth.js';
import type { HealthMove, MoveHealth } from './moveHealth.js';
import type { KnownRule, RuleBook, Rules } from './ruleBook.js';

export interface SettleDeps {
  readonly database: Database;
  readonly rules: RuleBook;
  readonly generations: GenerationCounter;
  readonly moveHealth: MoveHealth;
}

/** What somebody settles, with its place and its rule. */
interface Named {
  readonly settled: SettledDelivery;
  readonly key: DeliveryKey;
  readonly known: KnownRule;
}

interface RuleOutcomes {
  readonly known: KnownRule;
  readonly moves: HealthMove[];
}

/** What settling is about to write. */
interface Outcomes {
  readonly attempts: readonly ReturnType<typeof attemptRow>[];
  readonly over: readonly Over[];
  /** By rule. */
  readonly moves: ReadonlyMap<string, readonly HealthMove[]>;
}

/** Locks are taken in one order: rules, the first ones of conversations, deliveries, healths, generations. */
export function createSettle(
  deps: SettleDeps,
): (settled: readonly SettledDelivery[], now: Instant) => Steps<Settlement> {
  const { database, rules, generations, moveHealth } = deps;
  const { addAttempt } = createLeaseQueries(database);
  const holdRules = createHoldRules(database);
  const holdConversations = createHoldConversations(database);
  const writeOutcomes = createWriteOutcomes(database);
  const leaveOrder = createLeaveOrder(database);

  return function* settle(settled, now) {
    const ruleIds = settled.flatMap(({ id }) => parseDeliveryId(id)?.ruleId ?? []);
    const [generation, held] = yield* together(generations.ask(), holdRules(ruleIds));
    const living = new Set(held.filter(({ removed }) => removed === 0).map((rule) => rule.rule_id));
    const found = yield* namedOf(rules.at(generations.read(generation).rules), settled);
    // Those of a removed rule were given up, whoever had them in hand.
    const named = found.filter(({ key }) => living.has(key.ruleId));
    yield* holdConversations(named.filter(({ known }) => known.rule.ordered));
    const { attempts, over, moves } = yield* writeOutcomes(named, now);
    yield each(addAttempt, attempts);
    const released = yield* leaveOrder(over, now);
    const { moved, news } = yield* moveHealth(moves);
    if (moved) yield generations.raised('rules');
    return { released, healthChanged: news };
  };
}

function* namedOf(book: Rules, all: readonly SettledDelivery[]): Steps<readonly Named[]> {
  const named: Named[] = [];
  for (const settled of all) {
    const found = yield* deliveryOf(book, settled.id);
    if (found !== undefined) named.push({ ...found, settled });
  }
  return named;
}

/** A worker names deliveries by id alone: the app is the rule's. */
export function* deliveryOf(
  book: Rules,
  id: string,
): Steps<{ readonly key: DeliveryKey; readonly known: KnownRule } | undefined> {
  const named = parseDeliveryId(id);
  const known = named && (yield* book.find(named.ruleId));
  if (named === undefined || known === undefined) return undefined;
  const { ruleId, firstPosition } = named;
  return { key: { app: known.rule.app, ruleId, firstPosition }, known };
}

/** Whoever plans a delivery holds the first one of its conversation too, before anything else of it. */
function createHoldConversations(database: Database) {
  const askFirst = createAskFirst(database);
  const { orderOf } = createLeaseQueries(database);

  return function* holdConversations(named: readonly Named[]): Steps<void> {
    if (named.length === 0) return;
    const keys = named.map(({ key, settled: { owner } }) => ({ ...key, owner }));
    const places = (yield* rows(each(orderOf, keys))).flatMap(({ rule_id: ruleId, order_key: orderKey }) =>
      orderKey === null ? [] : [{ ruleId, orderKey }],
    );
    if (places.length > 0) yield askFirst(places);
  };
}

/** Writes the states of those whose leases are not lost, and answers what else their outcomes come to. */
function createWriteOutcomes(database: Database) {
  const queries = createLeaseQueries(database);

  return function* writeOutcomes(named: readonly Named[], now: Instant): Steps<Outcomes> {
    const found = yield* rows(each(queries.settle, named.map(changeOf)));
    const written = new Map(found.map((row) => [deliveryId(row), row]));
    const attempts: ReturnType<typeof attemptRow>[] = [];
    const over: Over[] = [];
    const outcomes = new Map<string, RuleOutcomes>();
    for (const { settled, key, known } of named) {
      const row = written.get(settled.id);
      if (row === undefined) continue;
      // Somebody who settles one twice has its lease once.
      written.delete(settled.id);
      const { attempt, state } = settled;
      if (attempt !== undefined) attempts.push(attemptRow(key, (row.attempts_made ?? 0) + 1, attempt));
      if (isOver(state)) over.push({ key, orderKey: row.order_key });
      const ofRule = outcomes.get(key.ruleId) ?? { known, moves: [] };
      ofRule.moves.push((health) => observeSettled(health, settled, now));
      outcomes.set(key.ruleId, ofRule);
    }
    return { attempts, over, moves: effective(outcomes) };
  };
}

function changeOf({ key, settled: { owner, state } }: Named) {
  const { stage, attempts, due_at: dueAt, lease_owner: nextOwner } = stateColumns(state);
  const { app, ruleId, firstPosition } = key;
  return { app, ruleId, firstPosition, owner, stage, attempts, dueAt, nextOwner };
}

/** Those that change something of what is remembered: most outcomes say of a receiver what is known. */
function effective(outcomes: ReadonlyMap<string, RuleOutcomes>): Outcomes['moves'] {
  const moves = new Map<string, readonly HealthMove[]>();
  for (const [ruleId, outcome] of outcomes) {
    const { health } = outcome.known;
    const after = moveBy(health, outcome.moves);
    if (after.health !== health || after.news) moves.set(ruleId, outcome.moves);
  }
  return moves;
}
