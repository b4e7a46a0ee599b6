import type { TellRuleHealth } from '../callback/tellRuleHealth.js';
import type { TestCallbackRule, TestCallbackRuleRefusal } from '../callback/testCallbackRule.js';
import type { DeleteConversation } from '../conversation/deleteConversation.js';
import type { DeleteRoaming } from '../conversation/deleteRoaming.js';
import type { ReadConversation } from '../conversation/readConversation.js';
import type { EndSessions } from '../device/endSessions.js';
import type { RecordedEvent } from '../events.js';
import type { AcknowledgeMessage } from '../message/acknowledgeMessage.js';
import type { ExpireMessage, ExpireRefusal } from '../message/expireMessage.js';
import type { PurgeAttachment, PurgeRefusal } from '../message/purgeAttachment.js';
import type { RecallMessage, RecallRefusal } from '../message/recallMessage.js';
import type { SendMessage, SendRefusal } from '../message/sendMessage.js';
import type { ChangeRecallPolicy, ChangeRecallPolicyRefusal } from '../recall-policy/changeRecallPolicy.js';

/** Everything that can be asked of the domain. */
export type Command =
  | SendMessage
  | RecallMessage
  | AcknowledgeMessage
  | ExpireMessage
  | PurgeAttachment
  | DeleteConversation
  | DeleteRoaming
  | ReadConversation
  | EndSessions
  | ChangeRecallPolicy
  | TellRuleHealth
  | TestCallbackRule;

export type CommandType = Command['type'];

export type CommandOf<T extends CommandType> = Extract<Command, { readonly type: T }>;

/** The closed codes that each command may be refused with. */
export interface Refusals {
  readonly SendMessage: SendRefusal;
  readonly RecallMessage: RecallRefusal;
  readonly ExpireMessage: ExpireRefusal;
  readonly PurgeAttachment: PurgeRefusal;
  readonly AcknowledgeMessage: never;
  readonly DeleteConversation: never;
  readonly DeleteRoaming: never;
  readonly ReadConversation: never;
  readonly EndSessions: never;
  readonly ChangeRecallPolicy: ChangeRecallPolicyRefusal;
  readonly TellRuleHealth: never;
  readonly TestCallbackRule: TestCallbackRuleRefusal;
}

export type Refusal = Refusals[CommandType];

/** What became of one command: the events that it recorded (none when nothing had to change), or why not. */
export type Outcome<R extends string = Refusal> =
  { readonly ok: true; readonly events: readonly RecordedEvent[] } | { readonly ok: false; readonly code: R };
