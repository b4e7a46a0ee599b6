import { expect } from 'vitest';
import type { Command, CommandType, Refusal } from '../application/command.js';
import { handlerOf } from '../application/registry.js';
import { WorkingSet } from '../application/workingSet.js';
import type { DomainEvent, NewEvent, RecordedEvent } from '../events.js';
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
import { timelineOf } from '../message/message.js';
import type { LoadedFacts } from '../ports/commandStore.js';

/** What a test expects of an event: its type, and as much else as it is about. */
export interface ExpectedEvent {
  readonly type: DomainEvent['type'];
  readonly data?: object;
  readonly occurredAt?: number;
  readonly actor?: string;
}

export interface Given {
  /** Facts around the history: chats, roles, restraints, heads, rules. */
  and(
    facts: Partial<Pick<LoadedFacts, 'chats' | 'roles' | 'restraints' | 'heads' | 'retried' | 'rules'>>,
  ): Given;
  when(command: Command): {
    /** Exactly these events (none: the state already is what the command asks for), or this refusal. */
    then(expected: readonly ExpectedEvent[] | Refusal): void;
  };
}

/** Given what happened before, when a command comes, then these events or this refusal. */
export function given(...history: readonly NewEvent[]): Given {
  return givenFacts(record(history), {});
}

const noFacts = {
  chats: new Map(),
  roles: new Map(),
  restraints: new Map(),
  heads: new Map(),
  retried: new Map(),
  rules: [],
};

function givenFacts(streams: ReadonlyMap<StreamId, readonly RecordedEvent[]>, facts: object): Given {
  return {
    and: (more) => givenFacts(streams, { ...facts, ...more }),
    when: (command) => ({
      then: (expected) => {
        const set = new WorkingSet({ app: command.app, streams, ...noFacts, ...facts });
        const verdict = handlerOf<CommandType>(command).decide(command, set);
        if (typeof expected === 'string') expect(verdict).toEqual({ ok: false, code: expected });
        else expect(verdict).toMatchObject({ ok: true, events: expected });
      },
    }),
  };
}

/** The history as it would stand in the log of app 1. */
export function record(history: readonly NewEvent[]): ReadonlyMap<StreamId, readonly RecordedEvent[]> {
  const streams = new Map<StreamId, readonly RecordedEvent[]>();
  const messages = new Map<string, number>();
  for (const [index, event] of history.entries()) {
    const stream = streamOf(event);
    const before = streams.get(stream) ?? [];
    const version = before.length + 1;
    const stamps = { app: 1, position: index + 1, stream, version, commandId: `given ${index + 1}` };
    streams.set(stream, [...before, { ...event, ...stamps, ...sequenceOf(event, messages) }]);
  }
  return streams;
}

function sequenceOf(event: NewEvent, messages: Map<string, number>): { readonly messageSeq?: number } {
  if (event.type !== 'MessageSent') return {};
  const timeline = timelineOf(event.data.from, event.data.chat);
  const messageSeq = (messages.get(timeline) ?? 0) + 1;
  messages.set(timeline, messageSeq);
  return { messageSeq };
}

function streamOf(event: NewEvent): StreamId {
  switch (event.type) {
    case 'ConversationDeleted':
    case 'ConversationRead':
    case 'RoamingDeleted':
      return conversationStream(event.data.user, event.data.kind, event.data.channel);
    case 'RecallPolicyChanged':
      return recallPolicyStream;
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
      return callbackRuleStream(event.data.ruleId);
    case 'MessageAcknowledged':
      return acknowledgementStream(event.data.msgId, event.data.by);
    case 'SessionsEnded':
      return sessionsStream(event.data.user, event.occurredAt);
    case 'CallbackRuleTested':
      return callbackRuleTestStream(event.data.recallId);
    default:
      return messageStream(event.data.msgId);
  }
}
