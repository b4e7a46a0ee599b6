import type { CallbackRule } from '../callback/rule.js';
import { readNoticeTimeline } from '../conversation/readConversation.js';
import type { DomainEvent, NewEvent } from '../events.js';
import { assert } from '../kernel/assert.js';
import type { CommandId } from '../kernel/ids.js';
import { userTimeline } from '../kernel/stream.js';
import type { StreamId, TimelineId } from '../kernel/stream.js';
import { timelineOf } from '../message/message.js';
import type { Append, ContentPut, DueDelivery, RetryKeyPut, Unit } from '../ports/commandStore.js';
import type { Command, CommandType, Refusal } from './command.js';
import { handlerOf } from './registry.js';
import type { WorkingSet } from './workingSet.js';

/**
 * Which callbacks the events of one unit make, rule by rule. Pure; put together from the dialects.
 * A dialect that cannot name what happened plans none.
 */
export type PlanDeliveries = (
  decided: readonly NewEvent[],
  rules: readonly CallbackRule[],
) => readonly DueDelivery[];

/** What one command of a unit came to: its refusal, or which of the unit's events are its own. */
export type Decision =
  | { readonly ok: true; readonly firstEvent: number; readonly events: number }
  | { readonly ok: false; readonly code: Refusal };

export interface DecidedUnit {
  readonly unit: Unit;
  readonly decisions: readonly Decision[];
}

/**
 * Decides the commands of one unit, one after the other. The caller keeps or forgets what this
 * changed in the working set. @throws when a decider does.
 */
export function decideUnit(
  commandId: CommandId,
  commands: readonly Command[],
  set: WorkingSet,
  plan: PlanDeliveries,
): DecidedUnit {
  const appends: Append[] = [];
  const puts: ContentPut[] = [];
  const retryKeys: RetryKeyPut[] = [];
  const erase = new Set<string>();
  const decisions: Decision[] = [];
  const decided: DomainEvent[] = [];
  /** Messages that this very unit sends: their MsgSeq, which callbacks need, is not there before its commit. */
  const sent = new Set<StreamId>();
  for (const command of commands) {
    const handler = handlerOf<CommandType>(command);
    const stream = handler.stream(command);
    assert(!sent.has(stream), `a message is not sent and changed in one submit: ${stream}`);
    const verdict = handler.decide(command, set);
    if (!verdict.ok) {
      decisions.push({ ok: false, code: verdict.code });
      continue;
    }
    const firstEvent = decided.length;
    decisions.push({ ok: true, firstEvent, events: verdict.events.length });
    if (verdict.events.length === 0) continue;
    if (command.type === 'SendMessage') {
      const { msgId, retryKey } = command;
      sent.add(stream);
      if (retryKey !== null) {
        retryKeys.push({ event: firstEvent, key: retryKey });
        set.send(retryKey, msgId);
      }
    }
    appends.push(appendTo(stream, set.version(stream), verdict.events));
    set.append(stream, verdict.events);
    decided.push(...verdict.events);
    const effects = handler.effects(command);
    if (effects.put !== null) puts.push({ event: firstEvent, content: effects.put });
    for (const item of effects.erase) erase.add(item);
  }
  const deliveries = decided.length === 0 ? [] : plan(decided, set.facts.rules);
  const unit = { commandId, app: set.app, appends, puts, retryKeys, erase: [...erase], deliveries };
  return { unit, decisions };
}

function appendTo(stream: string, expected: number, events: readonly DomainEvent[]): Append {
  const timeline = events.map(timelineOfEvent).find((found) => found !== undefined);
  return timeline === undefined ? { stream, expected, events } : { stream, expected, events, timeline };
}

/** The timeline that an event puts an item into. */
function timelineOfEvent(event: DomainEvent): TimelineId | undefined {
  switch (event.type) {
    case 'MessageSent':
    case 'MessageRecalled':
      return timelineOf(event.data.from, event.data.chat);
    case 'MessageAcknowledged':
      return userTimeline(event.data.messageAuthor);
    case 'ConversationRead':
      return readNoticeTimeline(event.data.user, event.data.kind, event.data.channel);
    case 'ConversationDeleted':
    case 'RoamingDeleted':
      return event.data.noticeId === undefined ? undefined : userTimeline(event.data.user);
    default:
      return undefined;
  }
}
