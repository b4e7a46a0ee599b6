import { released } from '@recalld/domain';
import type { Instant } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import type { EachStatement } from '../statements.js';
import { each, rows } from '../steps.js';
import type { Each, Steps } from '../steps.js';
import { atPlace, createWriteStates, keyKinds, keyOf, stateColumns, stateOf } from './deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from './deliveryRows.js';

/** A conversation in whose order a rule's deliveries go out. */
export interface OrderPlace {
  readonly ruleId: string;
  readonly orderKey: string;
}

/**
 * Asks for the first of what has a place in the order of each conversation: none of it is over. They
 * are held: who plans one behind such a one and who settles it wait for each other, and none is left
 * behind nothing.
 */
export type AskFirst = (places: readonly OrderPlace[]) => Each<DeliveryRow>;

export function createAskFirst({ db, statements, words }: Reads): AskFirst {
  const first: EachStatement<OrderPlace, DeliveryRow> = statements.select<OrderPlace>({
    ruleId: 'text',
    orderKey: 'text',
  })(({ ruleId, orderKey }) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where('rule_id', '=', ruleId)
      .where('order_key', '=', orderKey)
      .orderBy('first_position')
      .limit(1)
      .modifyEnd(words.forUpdate),
  );
  return (places) => each(first, inOneOrder(places));
}

/** Each once, in the order in which everybody takes them. */
function inOneOrder(places: readonly OrderPlace[]): readonly OrderPlace[] {
  const byText = new Map(places.map((place) => [placeText(place), place]));
  return [...byText.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

export const placeText = ({ ruleId, orderKey }: OrderPlace): string => `${ruleId}:${orderKey}`;

/** A delivery that is over, and the conversation that it keeps the order of, if it does. */
export interface Over {
  readonly key: DeliveryKey;
  readonly orderKey: string | null;
}

/**
 * Takes deliveries that are over out of their conversations' orders, and lets the next ones go;
 * answers whether there were any.
 */
export type LeaveOrder = (over: readonly Over[], now: Instant) => Steps<boolean>;

export function createLeaveOrder(reads: Reads): LeaveOrder {
  const askFirst = createAskFirst(reads);
  const { statements } = reads;
  const leave = statements.change<DeliveryKey>(keyKinds)((key, start) =>
    start
      .update('deliveries')
      .set({ order_key: null })
      .where((e) => atPlace(e, key)),
  );
  const writeStates = createWriteStates(statements);

  return function* leaveOrder(over, now) {
    const places = over.flatMap(({ key, orderKey }) =>
      orderKey === null ? [] : [{ key, ruleId: key.ruleId, orderKey }],
    );
    if (places.length === 0) return false;
    yield each(
      leave,
      places.map(({ key }) => key),
    );
    const next = yield* rows(askFirst(places));
    yield each(
      writeStates,
      next.map((row) => ({
        ...keyOf(row),
        ...stateColumns(released(stateOf(row), now)),
        order_key: row.order_key,
      })),
    );
    return next.length > 0;
  };
}
