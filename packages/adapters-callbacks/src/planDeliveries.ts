import {
  assert,
  callbackRuleStream,
  conversationTimeline,
  messageStream,
  never,
  recallPolicyStream,
  sessionsStream,
  timelineOf,
} from '@recalld/domain';
import type { CallbackRule, DomainEvent, DueDelivery, PlanDeliveries } from '@recalld/domain';
import { dialectOf } from './dialects/dialects.js';

/** Which callbacks a unit makes: each rule's dialect groups the events as its vendor does. */
export function planDeliveries(): PlanDeliveries {
  return (decided, rules) => rules.flatMap((rule) => planned(decided, rule));
}

function planned(decided: readonly DomainEvent[], rule: CallbackRule): readonly DueDelivery[] {
  const groups = dialectOf(rule).plan(decided, rule);
  return groups.map((events) => ({
    rule: { id: rule.id, version: rule.version },
    events,
    orderKey: rule.ordered ? orderKeyOf(decided[events[0] ?? -1]) : null,
  }));
}

/** Deliveries about one chat share a key; what belongs to no chat is ordered by its own stream. */
function orderKeyOf(event: DomainEvent | undefined): string {
  assert(event !== undefined, 'a callback tells of an event of its unit');
  switch (event.type) {
    case 'MessageSent':
    case 'MessageRecalled':
      return timelineOf(event.data.from, event.data.chat);
    case 'ConversationDeleted':
    case 'ConversationRead':
    case 'RoamingDeleted':
      return conversationTimeline(event.data.user, event.data.kind, event.data.channel);
    case 'AttachmentPurged':
    case 'MessageExpired':
    case 'MessageAcknowledged':
      return messageStream(event.data.msgId);
    case 'SessionsEnded':
      return sessionsStream(event.data.user, event.occurredAt);
    case 'RecallPolicyChanged':
      return recallPolicyStream;
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
    case 'CallbackRuleTested':
      return callbackRuleStream(event.data.ruleId);
    default:
      return never(event);
  }
}
