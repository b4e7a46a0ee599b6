import type { DomainEvent } from '../events.js';

/** The events that are told outside, in native callbacks and in the event feed, and their names there. */
const publicNames = {
  MessageRecalled: 'message.recalled',
  ConversationDeleted: 'conversation.deleted',
  AttachmentPurged: 'attachment.purged',
  RecallPolicyChanged: 'recall_policy.changed',
  CallbackRuleSuspended: 'callback_rule.suspended',
  CallbackRuleResumed: 'callback_rule.resumed',
} as const satisfies Partial<Record<DomainEvent['type'], string>>;

type PublishedType = keyof typeof publicNames;

/** An event that has a public name. */
export type PublishedEvent = Extract<DomainEvent, { type: PublishedType }>;

export type PublicEventType = (typeof publicNames)[PublishedType];

/** The stored types of the events that have a public name. */
export const publishedTypes = Object.keys(publicNames) as readonly PublishedType[];

export const publicEventTypes: readonly PublicEventType[] = Object.values(publicNames);

/** Whether an event is told outside. */
export function isPublished<E extends DomainEvent>(event: E): event is Extract<E, { type: PublishedType }> {
  return Object.hasOwn(publicNames, event.type);
}

/** The public name of an event that has one. */
export function publicTypeOf(event: { readonly type: PublishedType }): PublicEventType {
  return publicNames[event.type];
}
