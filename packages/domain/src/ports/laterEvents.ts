import type { ConversationDeleted, RoamingDeleted } from '../conversation/conversation.js';
import type { Position } from '../kernel/ids.js';
import type { StoredContent } from '../message/content.js';
import type { MessageRecalled } from '../message/message.js';
import type { RecallPolicyChanged } from '../recall-policy/recallPolicy.js';

/**
 * An event that a store recorded after a copy of it was made, and that the copy must not do without. Its
 * app is named by its key: the copy may count its apps differently.
 */
export interface LaterEvent {
  readonly org: string;
  readonly app: string;
  /** In the log that it comes from. */
  readonly position: Position;
  readonly event: MessageRecalled | ConversationDeleted | RoamingDeleted | RecallPolicyChanged;
  /** A recall's extension text, where it is still known. */
  readonly extension: StoredContent | null;
}

/** The stored types of such events. */
export const laterTypes = [
  'MessageRecalled',
  'ConversationDeleted',
  'RoamingDeleted',
  'RecallPolicyChanged',
] as const;

/** Who still knows what a store recorded after a position: the store itself, or a copy of its log. */
export interface LaterEvents {
  /** In order, in lists of bounded size; an event may come more than once. */
  after(position: Position): AsyncIterable<readonly LaterEvent[]>;
}
