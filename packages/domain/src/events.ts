import type { CallbackRuleEvent, CallbackRuleTested } from './callback/callbackRuleEvents.js';
import type { ConversationEvent } from './conversation/conversation.js';
import type { SessionsEnded } from './device/endSessions.js';
import type { Recorded, Stamped } from './kernel/event.js';
import type { MessageAcknowledged } from './message/acknowledgeMessage.js';
import type { MessageEvent } from './message/message.js';
import type { RecallPolicyChanged } from './recall-policy/recallPolicy.js';

/** Every event of the domain. */
export type DomainEvent =
  | MessageEvent
  | MessageAcknowledged
  | ConversationEvent
  | SessionsEnded
  | RecallPolicyChanged
  | CallbackRuleEvent
  | CallbackRuleTested;

/** A domain event as it was decided. */
export type NewEvent = DomainEvent;

/** A domain event as it stands in the log. */
export type RecordedEvent = Recorded<DomainEvent>;

/** A domain event that may or may not be in the log yet. */
export type StampedEvent = Stamped<DomainEvent>;

/** Whether an event stands in a message's stream. */
export function isMessageEvent(event: StampedEvent): event is Stamped<MessageEvent> {
  switch (event.type) {
    case 'MessageSent':
    case 'MessageRecalled':
    case 'AttachmentPurged':
    case 'MessageExpired':
      return true;
    default:
      return false;
  }
}

/** Whether an event stands in a conversation's stream. */
export function isConversationEvent(event: StampedEvent): event is Stamped<ConversationEvent> {
  switch (event.type) {
    case 'ConversationDeleted':
    case 'ConversationRead':
    case 'RoamingDeleted':
      return true;
    default:
      return false;
  }
}

/** Whether an event stands in a callback rule's stream. */
export function isCallbackRuleEvent(event: StampedEvent): event is Stamped<CallbackRuleEvent> {
  switch (event.type) {
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
      return true;
    default:
      return false;
  }
}
