import { wants } from '@recalld/domain';
import type {
  App,
  CallbackRequest,
  CallbackRule,
  CallbackRuleTested,
  ChatKind,
  DomainEvent,
  Instant,
  MessageRecalled,
  RecordedEvent,
  UserId,
} from '@recalld/domain';

/** A delivery as a dialect sees it: what happened, whose app it was, and the rule with its secret opened. */
export interface OpenedDelivery {
  readonly app: App;
  readonly rule: CallbackRule;
  /** Null: the rule signs nothing. */
  readonly secret: string | null;
  /** The secret before the last rotation, while it is still signed with. */
  readonly previousSecret: string | null;
  readonly events: readonly RecordedEvent[];
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
  unreadOf(events: readonly RecordedEvent[]): UserId | undefined;
  /** The request as it goes out at `now`. */
  render(delivery: OpenedDelivery, now: Instant): CallbackRequest;
  /** The id that a receiver tells a repeated callback by; null when the format has none. */
  callId(delivery: Pick<OpenedDelivery, 'app' | 'events'>): string | null;
  /** Whether a receiver that answers this HTTP status has taken the callback. */
  isSuccess(status: number): boolean;
}

/** `org#app`. */
export function appkeyOf(app: App): string {
  return `${app.org}#${app.name}`;
}

/** A recall among the events of a unit, and its place there. */
export interface PlacedRecall {
  readonly index: number;
  readonly recall: MessageRecalled;
}

/**
 * What a rule hears of in a format that knows nothing but recalls: the recalls in the chats that it
 * wants, and tests of the rule itself as recalls in a chat of the kind `testedIn`.
 */
export function wantedRecalls(
  decided: readonly DomainEvent[],
  rule: CallbackRule,
  testedIn: ChatKind,
): readonly PlacedRecall[] {
  return decided.flatMap((event, index) =>
    isWanted(event, rule) ? recallsOf([event], testedIn).map((recall) => ({ index, recall })) : [],
  );
}

function isWanted(event: DomainEvent, rule: CallbackRule): boolean {
  if (event.type === 'CallbackRuleTested') return isTestOf(rule, event);
  return event.type === 'MessageRecalled' && wants(rule, event.data.chat.kind);
}

/** Whether a test is a rule's own; no filter of the rule applies to it. */
export function isTestOf(rule: CallbackRule, test: CallbackRuleTested): boolean {
  return rule.enabled && test.data.ruleId === rule.id;
}

/**
 * The recalls that a delivery tells of, in order; at least one. A test counts as a recall in a chat of
 * the kind `testedIn`. @throws when there is none.
 */
export function recallsOf(
  events: readonly DomainEvent[],
  testedIn: ChatKind,
): readonly [MessageRecalled, ...MessageRecalled[]] {
  const [first, ...rest] = events.flatMap((event) => {
    if (event.type === 'CallbackRuleTested') return [sampleRecall(event, testedIn)];
    return event.type === 'MessageRecalled' ? [event] : [];
  });
  if (first === undefined) throw new Error('the delivery tells of no recall');
  return [first, ...rest];
}

/** Whom a test names as sender, receiver, group. */
const nobody = 'recalld_test';

/** A recall of ids that name nothing, between names that nobody has: how a test shows that callbacks arrive. */
function sampleRecall({ data, occurredAt, actor }: CallbackRuleTested, kind: ChatKind): MessageRecalled {
  const { msgId, recallId, origin } = data;
  return {
    type: 'MessageRecalled',
    data: {
      msgId,
      recallId,
      from: nobody,
      by: actor,
      chat: { kind, id: nobody },
      forced: false,
      held: false,
      messageSeq: 1,
      messageKey: null,
      policyVersion: 0,
      origin,
      originDevice: null,
      audience: 'all',
    },
    occurredAt,
    actor,
  };
}
