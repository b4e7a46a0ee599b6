import { never } from '../kernel/assert.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { Instant, ItemId, MsgId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';

// The stream `callback-rule/{id}`: what a rule's owner is told of it, and `callback-rule-test/{id}`, one
// for each test. The rule itself is a row. Event type names are the stored format: they never change.

/** Nothing has succeeded for ten minutes: only probes are sent. */
export type CallbackRuleSuspended = Event<
  'CallbackRuleSuspended',
  { readonly ruleId: string; readonly ruleName: string; readonly failingSince: Instant }
>;

/** An attempt of a suspended rule succeeded: everything that waited goes out. */
export type CallbackRuleResumed = Event<
  'CallbackRuleResumed',
  { readonly ruleId: string; readonly ruleName: string }
>;

/** Somebody asked for a callback that means nothing, to see whether it arrives. */
export type CallbackRuleTested = Event<
  'CallbackRuleTested',
  {
    readonly ruleId: string;
    readonly ruleName: string;
    /** Ids that name no message and no recall, for formats that must show some. */
    readonly msgId: MsgId;
    readonly recallId: ItemId;
    readonly origin: Origin;
  }
>;

/** What stands in a rule's own stream. */
export type CallbackRuleEvent = CallbackRuleSuspended | CallbackRuleResumed;

/** What the owner of a rule has been told last. */
export interface ToldOfRule {
  readonly suspended: boolean;
}

export const nothingTold: ToldOfRule = { suspended: false };

export function evolveToldOfRule(_: ToldOfRule, event: Stamped<CallbackRuleEvent>): ToldOfRule {
  switch (event.type) {
    case 'CallbackRuleSuspended':
      return { suspended: true };
    case 'CallbackRuleResumed':
      return { suspended: false };
    default:
      return never(event);
  }
}
