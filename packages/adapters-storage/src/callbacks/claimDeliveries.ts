import { attemptsAllowed, givenUp, leased, probing } from '@recalld/domain';
import type { ClaimedDelivery, DeliveryQueue, Instant, Log, RuleHealth } from '@recalld/domain';
import type { GenerationCounter } from '../directory/generations.js';
import type { Database } from '../engines/database.js';
import { each, rows, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { createLeaveOrder } from './deliveryOrder.js';
import { UnreadableDelivery } from './deliveryParts.js';
import type { DeliveryParts, PartsOf } from './deliveryParts.js';
import { createDueQueries, createInHand, createLeaseQueries } from './deliveryQueries.js';
import { createWriteStates, deliveryId, keyOf, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';
import { createHoldHealths } from './moveHealth.js';
import type { MoveHealth } from './moveHealth.js';
import { maySend } from './ruleBook.js';
import type { KnownRule, RuleBook, Rules } from './ruleBook.js';
import { healthOf } from './ruleRows.js';

export interface ClaimDeps {
  readonly database: Database;
  readonly rules: RuleBook;
  readonly generations: GenerationCounter;
  readonly moveHealth: MoveHealth;
  readonly partsOf: PartsOf;
  readonly log: Log | undefined;
}

type Claiming = Parameters<DeliveryQueue['claim']>[0];

/** How many somebody may take of a rule. */
interface Room {
  readonly ruleId: string;
  readonly max: number;
  /** It is suspended: what is taken probes the receiver. */
  readonly isProbe: boolean;
}

/** A rule of which somebody wants some. */
interface Wanted {
  readonly known: KnownRule;
  readonly max: number;
}

/** Takes deliveries of many rules at once: those that nobody else is just taking. */
export function createClaim(deps: ClaimDeps): (q: Claiming) => Steps<readonly ClaimedDelivery[]> {
  const { database, rules, generations, moveHealth } = deps;
  const roomsOf = createRoomsOf(deps);
  const readableOf = createReadableOf(deps);
  const due = createDueQueries(database);
  const { lease } = createLeaseQueries(database);

  return function* claim(q) {
    const { owner, now, leaseMs } = q;
    const leaseUntil = now + leaseMs;
    const book = yield* rules.open();
    const rooms = yield* roomsOf(yield* wantedOf(book, q), q);
    const asked = (isProbe: boolean) =>
      rooms.filter((room) => room.isProbe === isProbe).map(({ ruleId, max }) => ({ ruleId, now, max }));
    const [oldest, newest] = yield* together(each(due.oldest, asked(false)), each(due.newest, asked(true)));
    const readable = yield* readableOf([...oldest, ...newest], book, now);
    const claimed = readable.map(({ row, parts }) => ({
      ...parts,
      state: leased(stateOf(row), owner, leaseUntil),
    }));
    yield each(
      lease,
      readable.map(({ row }) => ({ ...keyOf(row), owner, leaseUntil })),
    );
    const taken = new Set(readable.map(({ row }) => row.rule_id));
    const probes = rooms.filter(({ ruleId, isProbe }) => isProbe && taken.has(ruleId));
    if (probes.length > 0) {
      const move = (health: RuleHealth) => probing(health, now);
      yield* moveHealth(new Map(probes.map(({ ruleId }) => [ruleId, [move]])));
      yield generations.raised('rules');
    }
    return claimed;
  };
}

function* wantedOf(book: Rules, q: Claiming): Steps<readonly Wanted[]> {
  const wanted: Wanted[] = [];
  for (const [ruleId, max] of new Map(q.rules.map((rule) => [rule.ruleId, rule.max]))) {
    const known = yield* book.find(ruleId);
    if (known !== undefined && maySend(known)) wanted.push({ known, max });
  }
  return wanted;
}

/** How many more requests rules may have, over all workers. */
function createRoomsOf({ database }: ClaimDeps) {
  const holdHealths = createHoldHealths(database);
  const inHand = createInHand(database);

  return function* roomsOf(wanted: readonly Wanted[], { now, leaseMs }: Claiming): Steps<readonly Room[]> {
    // One worker after the other takes of a rule that has a bound: it finds what the last one took.
    // All the others' rules are free.
    const bounded = wanted.filter(({ known }) => isBounded(known)).map(({ known }) => known.rule.id);
    const held = yield* rows(holdHealths(bounded));
    const healths = new Map(held.map((row) => [row.rule_id, healthOf(row)]));
    const counted = wanted
      .filter(({ known }) => known.rule.concurrencyMax !== null)
      .map(({ known }) => ({ ruleId: known.rule.id, now, leaseUntil: now + leaseMs }));
    const leases = new Map((yield* rows(each(inHand, counted))).map((row) => [row.rule_id, row.leased]));
    return wanted.flatMap(({ known: { rule, health: remembered }, max }) => {
      const health = healths.get(rule.id) ?? remembered;
      const own = (rule.concurrencyMax ?? Infinity) - (leases.get(rule.id) ?? 0);
      const room = Math.min(max, attemptsAllowed(health, now), own);
      return room <= 0 ? [] : [{ ruleId: rule.id, max: room, isProbe: health.status === 'suspended' }];
    });
  };
}

function isBounded({ rule, health }: KnownRule): boolean {
  return rule.concurrencyMax !== null || health.status === 'suspended';
}

interface Readable {
  readonly row: DeliveryRow;
  readonly parts: DeliveryParts;
}

/** The rows that can be sent. Others are dead from now on: due first, they would hold up all others. */
function createReadableOf({ database, partsOf, log }: ClaimDeps) {
  const writeStates = createWriteStates(database.statements);
  const leaveOrder = createLeaveOrder(database);

  function* bury(dead: readonly DeliveryRow[], now: Instant): Steps<void> {
    yield each(
      writeStates,
      dead.map((row) => ({
        ...keyOf(row),
        ...stateColumns(givenUp(stateOf(row))),
        order_key: row.order_key,
      })),
    );
    yield* leaveOrder(
      dead.map((row) => ({ key: keyOf(row), orderKey: row.order_key })),
      now,
    );
  }

  return function* readableOf(
    found: readonly DeliveryRow[],
    book: Rules,
    now: Instant,
  ): Steps<readonly Readable[]> {
    const read = yield* partsOf(found, book);
    const readable: Readable[] = [];
    const dead: DeliveryRow[] = [];
    for (const [n, row] of found.entries()) {
      const parts = read[n];
      if (parts === undefined) continue;
      if (!(parts instanceof UnreadableDelivery)) readable.push({ row, parts });
      else {
        log?.error({ err: parts, delivery: deliveryId(row) }, 'a delivery cannot be read; it is dead');
        dead.push(row);
      }
    }
    if (dead.length > 0) yield* bury(dead, now);
    return readable;
  };
}
