import type { ConversationDeleted } from './conversation/conversation.js';
import type { Recorded, Stamped } from './kernel/event.js';
import type { MessageEvent } from './message/message.js';
import type { RecallPolicyChanged } from './recall-policy/recallPolicy.js';

/** Every event of the domain. */
export type DomainEvent = MessageEvent | ConversationDeleted | RecallPolicyChanged;

/** A domain event as it was decided. */
export type NewEvent = DomainEvent;

/** A domain event as it stands in the log. */
export type RecordedEvent = Recorded<DomainEvent>;

/** A domain event that may or may not be in the log yet. */
export type StampedEvent = Stamped<DomainEvent>;
