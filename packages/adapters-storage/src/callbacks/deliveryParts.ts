import type { App, CallbackRule, Position, RecordedEvent } from '@recalld/domain';
import type { AppBook } from '../directory/appBook.js';
import type { SqliteReads } from '../engines/connection.js';
import { eventColumns, fromTuple } from '../eventRows.js';
import type { EventTuple } from '../eventRows.js';
import { template } from '../statements.js';
import { deliveryId } from './deliveryRows.js';
import type { DeliveryRow } from './deliveryRows.js';
import type { RuleBook } from './ruleBook.js';

/** Everything that a delivery's request is rendered from; the rule is that of an attempt made now. */
export interface DeliveryParts {
  readonly id: string;
  readonly app: App;
  readonly rule: CallbackRule;
  readonly events: readonly RecordedEvent[];
}

/** What a delivery is made of is not there, or is damaged: another look finds the same. */
export class UnreadableDelivery extends Error {
  override readonly name = 'UnreadableDelivery';
}

/** @throws UnreadableDelivery; any other fault is the storage's own, and may pass. */
export type PartsOf = (row: DeliveryRow) => DeliveryParts;

export function createDeliveryParts(reads: SqliteReads, apps: AppBook, rules: RuleBook): PartsOf {
  const eventAt = reads.prepare(
    template<{ position: Position }>()(({ position }) =>
      reads.db.selectFrom('events').select(eventColumns).where('position', '=', position),
    ),
  );

  function eventOf(position: Position): RecordedEvent {
    const [event] = eventAt.tuples({ position });
    return fromTuple(there(event, `event ${position}`) as unknown as EventTuple);
  }

  function parts(row: DeliveryRow): DeliveryParts {
    const { rule_id: ruleId, rule_version: version } = row;
    const positions: unknown = JSON.parse(row.events);
    return {
      id: deliveryId(row),
      app: there(apps.byNo(row.app_no), `app ${row.app_no}`),
      rule: there(rules.forAttempt(ruleId, version), `version ${version} of rule ${ruleId}`),
      events: there(Array.isArray(positions) ? (positions as Position[]) : undefined, 'a list').map(eventOf),
    };
  }

  return function partsOf(row) {
    try {
      return parts(row);
    } catch (fault) {
      // Nothing but damaged JSON is one of these.
      if (!(fault instanceof SyntaxError)) throw fault;
      throw new UnreadableDelivery(`delivery ${deliveryId(row)} is made of damaged JSON`, { cause: fault });
    }
  };
}

function there<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new UnreadableDelivery(`${what} of a delivery is not there`);
  return found;
}
