import { wants } from '@recalld/domain';
import type {
  App,
  CallbackRequest,
  CallbackRule,
  DomainEvent,
  Instant,
  MessageRecalled,
  UserId,
} from '@recalld/domain';

/** A delivery as a dialect sees it: what happened, whose app it was, and the rule with its secret opened. */
export interface OpenedDelivery {
  readonly app: App;
  readonly rule: CallbackRule;
  /** Null: the rule signs nothing. */
  readonly secret: string | null;
  readonly events: readonly DomainEvent[];
  /** The name that this server goes by in callbacks. */
  readonly hostName: string;
  /** Unread one-to-one messages of {@link CallbackDialect.unreadOf}; 0 when it names nobody. */
  readonly unread: number;
}

/** One vendor's wire format of callbacks. Pure: everything that it needs to know arrives as values. */
export interface CallbackDialect {
  /**
   * Which callbacks the events of one unit make for a rule: one group of indexes per callback. An
   * event that the rule does not want, or that the dialect cannot name, is in none.
   */
  plan(decided: readonly DomainEvent[], rule: CallbackRule): readonly (readonly number[])[];
  /** Whose unread messages the request tells of; undefined: nobody's. */
  unreadOf(events: readonly DomainEvent[]): UserId | undefined;
  /** The request as it goes out at `now`. */
  render(delivery: OpenedDelivery, now: Instant): CallbackRequest;
  /** The id that a receiver tells a repeated callback by; null when the format has none. */
  callId(delivery: Pick<OpenedDelivery, 'app' | 'events'>): string | null;
  /** Whether a receiver that answers this HTTP status has taken the callback. */
  isSuccess(status: number): boolean;
}

/** The recalls among the events that a rule wants to hear of, with their places. */
export function wantedRecalls(
  decided: readonly DomainEvent[],
  rule: CallbackRule,
): readonly { readonly index: number; readonly recall: MessageRecalled }[] {
  return decided.flatMap((event, index) =>
    event.type === 'MessageRecalled' && wants(rule, event.data.chat.kind) ? [{ index, recall: event }] : [],
  );
}

/** The recalls that a delivery tells of, in order; at least one. @throws when there is none. */
export function recallsOf(events: readonly DomainEvent[]): readonly [MessageRecalled, ...MessageRecalled[]] {
  const [first, ...rest] = events.filter((event) => event.type === 'MessageRecalled');
  if (first === undefined) throw new Error('the delivery tells of no recall');
  return [first, ...rest];
}
