import { evolveToldOfRule, nothingTold } from '../callback/callbackRuleEvents.js';
import type { ToldOfRule } from '../callback/callbackRuleEvents.js';
import { tellRuleHealth } from '../callback/tellRuleHealth.js';
import { testCallbackRule } from '../callback/testCallbackRule.js';
import type { CallbackRuleTest } from '../callback/testCallbackRule.js';
import {
  conversationTimeline,
  evolveConversation,
  untouchedConversation,
} from '../conversation/conversation.js';
import type { Conversation } from '../conversation/conversation.js';
import { deleteConversation } from '../conversation/deleteConversation.js';
import { deleteRoaming } from '../conversation/deleteRoaming.js';
import type { UnwantedRoaming } from '../conversation/deleteRoaming.js';
import { readConversation } from '../conversation/readConversation.js';
import { endSessions, evolveEndedSessions, noneEnded } from '../device/endSessions.js';
import type { EndedSessions } from '../device/endSessions.js';
import type { ChatFacts, ChatKey, ChatKind, Role, RoleKey } from '../chat/chat.js';
import { chatKeyText, roleKeyText } from '../chat/chat.js';
import { restraintKeyText, scopesOfSend } from '../chat/restraint.js';
import type { RestraintScope } from '../chat/restraint.js';
import { isCallbackRuleEvent, isConversationEvent, isMessageEvent } from '../events.js';
import type { DomainEvent } from '../events.js';
import type { Verdict } from '../kernel/decider.js';
import type { ItemId, MsgId, UserId } from '../kernel/ids.js';
import {
  acknowledgementStream,
  callbackRuleStream,
  callbackRuleTestStream,
  conversationStream,
  messageStream,
  recallPolicyStream,
  sessionsStream,
} from '../kernel/stream.js';
import type { StreamId } from '../kernel/stream.js';
import { acknowledgeMessage, evolveAcknowledged, unacknowledged } from '../message/acknowledgeMessage.js';
import type { Acknowledged } from '../message/acknowledgeMessage.js';
import type { StoredContent } from '../message/content.js';
import { expireMessage } from '../message/expireMessage.js';
import { evolveMessage, unknownMessage } from '../message/message.js';
import type { Message } from '../message/message.js';
import { purgeAttachment } from '../message/purgeAttachment.js';
import { recallMessage } from '../message/recallMessage.js';
import { sendMessage } from '../message/sendMessage.js';
import type { SenderRestraints, SendMessage } from '../message/sendMessage.js';
import type { Reads } from '../ports/commandStore.js';
import { changeRecallPolicy } from '../recall-policy/changeRecallPolicy.js';
import { defaultRecallPolicy, evolveRecallPolicy } from '../recall-policy/recallPolicy.js';
import type { RecallPolicy } from '../recall-policy/recallPolicy.js';
import type { CommandOf, CommandType, Refusals } from './command.js';
import type { Fold, WorkingSet } from './workingSet.js';

/** What an accepted command changes besides its events. */
export interface Effects {
  /** The body that comes with the command's first event. */
  readonly put: StoredContent | null;
  /** Messages whose bodies go. */
  readonly erase: readonly ItemId[];
}

/** Everything that the loop must know of one kind of command. */
export interface Handler<T extends CommandType> {
  stream(command: CommandOf<T>): StreamId;
  /** Besides the command's own stream. */
  reads(command: CommandOf<T>): Omit<Reads, 'streams'> & Partial<Reads>;
  decide(command: CommandOf<T>, set: WorkingSet): Verdict<DomainEvent, Refusals[T]>;
  effects(command: CommandOf<T>): Effects;
}

const nothing: Effects = { put: null, erase: [] };

const messages: Fold<Message> = {
  initial: unknownMessage,
  evolve: (state, event) => (isMessageEvent(event) ? evolveMessage(state, event) : state),
};

const conversations: Fold<Conversation> = {
  initial: untouchedConversation,
  evolve: (state, event) => (isConversationEvent(event) ? evolveConversation(state, event) : state),
};

const policies: Fold<RecallPolicy> = {
  initial: defaultRecallPolicy,
  evolve: (state, event) => (event.type === 'RecallPolicyChanged' ? evolveRecallPolicy(state, event) : state),
};

const acknowledgements: Fold<Acknowledged> = {
  initial: unacknowledged,
  evolve: (state, event) => (event.type === 'MessageAcknowledged' ? evolveAcknowledged(state, event) : state),
};

const endedSessions: Fold<EndedSessions> = {
  initial: noneEnded,
  evolve: (state, event) => (event.type === 'SessionsEnded' ? evolveEndedSessions(state, event) : state),
};

const toldOfRules: Fold<ToldOfRule> = {
  initial: nothingTold,
  evolve: (state, event) => (isCallbackRuleEvent(event) ? evolveToldOfRule(state, event) : state),
};

const ruleTests: Fold<CallbackRuleTest> = {
  initial: { made: false },
  evolve: (state, event) => (event.type === 'CallbackRuleTested' ? { made: true } : state),
};

/** A group or room as a key; a one-to-one chat has none. */
function chatsOf(kind: ChatKind, id: string): readonly ChatKey[] {
  return kind === 'chat' ? [] : [{ kind, id }];
}

/** A user's role in a group or room as a key; nobody has one in a one-to-one chat. */
function rolesOf(kind: ChatKind, id: string, user: UserId): readonly RoleKey[] {
  return chatsOf(kind, id).map((chat) => ({ chat, user }));
}

function roleOf(set: WorkingSet, kind: ChatKind, id: string, user: UserId): Role | undefined {
  const [key] = rolesOf(kind, id, user);
  return key && set.facts.roles.get(roleKeyText(key));
}

function chatOf(set: WorkingSet, kind: ChatKind, id: string): ChatFacts | undefined {
  return kind === 'chat' ? undefined : set.facts.chats.get(chatKeyText({ kind, id }));
}

function restraintsOf({ facts }: WorkingSet, { chatKind, to, from }: SendMessage): SenderRestraints {
  const [everywhere, here] = scopesOfSend(chatKind, to);
  const find = (scope: RestraintScope) => facts.restraints.get(restraintKeyText({ scope, user: from }));
  return { everywhere: find(everywhere), here: find(here) };
}

function namedIn(unwanted: UnwantedRoaming): readonly MsgId[] {
  return unwanted.by === 'ids' ? unwanted.msgIds : [];
}

/** Every command of the domain: which stream it decides on, what it reads, what it changes. */
const handlers: { readonly [T in CommandType]: Handler<T> } = {
  SendMessage: {
    stream: (command) => messageStream(command.msgId),
    reads: ({ chatKind, to, from, authority, retryKey }) => ({
      chats: chatsOf(chatKind, to),
      roles: authority === 'user' ? rolesOf(chatKind, to, from) : [],
      restraints:
        authority === 'user' ? scopesOfSend(chatKind, to).map((scope) => ({ scope, user: from })) : [],
      retryKeys: retryKey === null ? [] : [retryKey],
    }),
    decide: (command, set) => {
      const { chatKind, to, from, retryKey } = command;
      return sendMessage(command, set.state(messageStream(command.msgId), messages), {
        chat: chatOf(set, chatKind, to),
        role: roleOf(set, chatKind, to, from),
        restraints: restraintsOf(set, command),
        sentBefore: retryKey === null ? undefined : set.sentUnder(retryKey),
      });
    },
    effects: ({ content }) => ({ put: content, erase: [] }),
  },
  RecallMessage: {
    stream: (command) => messageStream(command.msgId),
    reads: (command) => {
      const { chatKind, to, by, authority } = command;
      const roles = authority === 'user' ? rolesOf(chatKind, to, by) : [];
      return { streams: [recallPolicyStream], chats: chatsOf(chatKind, to), roles };
    },
    decide: (command, set) =>
      recallMessage(command, set.state(messageStream(command.msgId), messages), {
        policy: set.state(recallPolicyStream, policies),
        groupType: chatOf(set, command.chatKind, command.to)?.groupType,
        role: roleOf(set, command.chatKind, command.to, command.by),
      }),
    effects: (command) => ({ put: command.extension, erase: [command.msgId] }),
  },
  AcknowledgeMessage: {
    stream: ({ msgId, by }) => acknowledgementStream(msgId, by),
    reads: ({ msgId, chatKind, to, by }) => ({
      streams: [messageStream(msgId)],
      roles: rolesOf(chatKind, to, by),
    }),
    decide: (command, set) => {
      const { msgId, chatKind, to, by } = command;
      return acknowledgeMessage(command, set.state(acknowledgementStream(msgId, by), acknowledgements), {
        message: set.state(messageStream(msgId), messages),
        role: roleOf(set, chatKind, to, by),
      });
    },
    effects: (command) => ({ ...nothing, put: command.content }),
  },
  ExpireMessage: {
    stream: (command) => messageStream(command.msgId),
    reads: () => ({}),
    decide: (command, set) => expireMessage(command, set.state(messageStream(command.msgId), messages)),
    effects: (command) => ({ ...nothing, erase: [command.msgId] }),
  },
  PurgeAttachment: {
    stream: (command) => messageStream(command.msgId),
    reads: () => ({}),
    decide: (command, set) => purgeAttachment(command, set.state(messageStream(command.msgId), messages)),
    effects: () => nothing,
  },
  DeleteConversation: {
    stream: (command) => conversationStream(command.user, command.kind, command.channel),
    reads: (command) => ({ heads: [conversationTimeline(command.user, command.kind, command.channel)] }),
    decide: (command, set) => {
      const { user, kind, channel } = command;
      return deleteConversation(command, set.state(conversationStream(user, kind, channel), conversations), {
        messages: set.facts.heads.get(conversationTimeline(user, kind, channel)) ?? 0,
      });
    },
    effects: () => nothing,
  },
  DeleteRoaming: {
    stream: (command) => conversationStream(command.user, command.kind, command.channel),
    reads: (command) => ({
      heads: [conversationTimeline(command.user, command.kind, command.channel)],
      streams: namedIn(command.unwanted).map(messageStream),
    }),
    decide: (command, set) => {
      const { user, kind, channel, unwanted } = command;
      return deleteRoaming(command, set.state(conversationStream(user, kind, channel), conversations), {
        messages: set.facts.heads.get(conversationTimeline(user, kind, channel)) ?? 0,
        named: namedIn(unwanted).map((msgId) => set.state(messageStream(msgId), messages)),
      });
    },
    effects: () => nothing,
  },
  ReadConversation: {
    stream: (command) => conversationStream(command.user, command.kind, command.channel),
    reads: (command) => ({ heads: [conversationTimeline(command.user, command.kind, command.channel)] }),
    decide: (command, set) => {
      const { user, kind, channel } = command;
      return readConversation(command, set.state(conversationStream(user, kind, channel), conversations), {
        messages: set.facts.heads.get(conversationTimeline(user, kind, channel)) ?? 0,
      });
    },
    effects: () => nothing,
  },
  EndSessions: {
    stream: ({ user, now }) => sessionsStream(user, now),
    reads: () => ({}),
    decide: (command, set) =>
      endSessions(command, set.state(sessionsStream(command.user, command.now), endedSessions)),
    effects: () => nothing,
  },
  ChangeRecallPolicy: {
    stream: () => recallPolicyStream,
    reads: () => ({}),
    decide: (command, set) => changeRecallPolicy(command, set.state(recallPolicyStream, policies)),
    effects: () => nothing,
  },
  TellRuleHealth: {
    stream: (command) => callbackRuleStream(command.ruleId),
    reads: () => ({}),
    decide: (command, set) =>
      tellRuleHealth(command, set.state(callbackRuleStream(command.ruleId), toldOfRules)),
    effects: () => nothing,
  },
  TestCallbackRule: {
    stream: (command) => callbackRuleTestStream(command.recallId),
    reads: () => ({}),
    decide: (command, set) =>
      testCallbackRule(command, set.state(callbackRuleTestStream(command.recallId), ruleTests), {
        enabled: set.facts.rules.some(({ id }) => id === command.ruleId),
      }),
    effects: () => nothing,
  },
};

/** The handler of a command, whichever it is. */
export function handlerOf<T extends CommandType>(command: CommandOf<T>): Handler<T> {
  return handlers[command.type];
}
