import { expect } from 'vitest';
import { evolveToldOfRule, nothingTold } from '../../callback/callbackRuleEvents.js';
import { evolveConversation, untouchedConversation } from '../../conversation/conversation.js';
import { isCallbackRuleEvent, isConversationEvent, isMessageEvent } from '../../events.js';
import type { RecordedEvent } from '../../events.js';
import { groupTimeline, pairTimeline } from '../../kernel/stream.js';
import { evolveAcknowledged, unacknowledged } from '../../message/acknowledgeMessage.js';
import { evolveMessage, unknownMessage } from '../../message/message.js';
import { defaultRecallPolicy, evolveRecallPolicy } from '../../recall-policy/recallPolicy.js';
import { historyFiles, historyGroup, historyMessages, historyUsers } from '../histories.js';
import type { Answered, Stage } from '../histories.js';
import { wholeLog } from '../units.js';

/** The whole log of a history. */
export function logOf({ ports }: Stage): Promise<readonly RecordedEvent[]> {
  return wholeLog(ports);
}

/** Every message that anybody can still read, by any way there is. */
export async function readableMessages({ ports, app, clock }: Stage): Promise<ReadonlySet<string>> {
  const now = clock.now();
  const bodies = await ports.contents.read(app, historyMessages);
  const readable = new Set<string>(bodies.keys());
  for (const user of historyUsers) {
    const timelines = [
      ...historyUsers.map((peer) => pairTimeline(user, peer)),
      groupTimeline(historyGroup.id),
    ];
    for (const timeline of timelines) {
      const query = { app, timeline, user, order: 'oldestFirst', limit: 1000, now } as const;
      const { entities } = await ports.timelines.roaming(query);
      for (const { itemId } of entities) readable.add(itemId);
    }
    const { entities } = await ports.timelines.conversations({ app, user, limit: 1000, now });
    for (const { lastMessage } of entities) if (lastMessage !== undefined) readable.add(lastMessage.itemId);
  }
  return readable;
}

/** Versions count each stream, positions the log, timeline positions and MsgSeq each timeline: no gaps. */
export function checkNumbering(log: readonly RecordedEvent[]): void {
  const positions = log.map(({ position }) => position);
  expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
  for (const events of groupBy(log, ({ stream }) => stream)) {
    expect(events.map(({ version }) => version)).toEqual(events.map((_, n) => n + 1));
  }
  for (const items of groupBy(log, ({ timeline }) => timeline)) {
    expect(items.map(({ timelinePosition }) => timelinePosition)).toEqual(items.map((_, n) => n + 1));
    const messages = items.filter(({ type }) => type === 'MessageSent');
    expect(messages.map(({ messageSeq }) => messageSeq)).toEqual(messages.map((_, n) => n + 1));
  }
}

/** Each message is sent once at most and recalled once at most, and nothing but purges follows a recall. */
export function checkMessages(log: readonly RecordedEvent[]): void {
  for (const [first, ...later] of groupBy(log, ({ stream }) => stream)) {
    if (first?.stream.startsWith('message/') !== true) continue;
    const types = [first, ...later].map(({ type }) => type).join(' ');
    expect(types).toMatch(/^(MessageSent)?( ?MessageExpired)?( ?MessageRecalled( AttachmentPurged)*)?$/);
  }
}

/** A user says of a message that it arrived once at most, then that it was read once at most. */
export function checkAcknowledgements(log: readonly RecordedEvent[]): void {
  const said = log.flatMap((event) => (event.type === 'MessageAcknowledged' ? [event] : []));
  for (const events of groupBy(said, ({ stream }) => stream)) {
    expect(events.map(({ data }) => data.ack).join(' ')).toMatch(/^(delivered|read|delivered read)$/);
  }
}

/** One message is sent under a key, whoever tries how often. */
export function checkRetryKeys(answers: readonly Answered[]): void {
  const sent = new Map<string, string>();
  for (const { command, outcome } of answers) {
    if (command.type !== 'SendMessage' || command.retryKey === null) continue;
    if (outcome instanceof Error || !outcome.ok || outcome.events.length === 0) continue;
    expect(sent.get(command.retryKey)).toBeUndefined();
    sent.set(command.retryKey, command.msgId);
  }
}

/** A recall tells callbacks the MsgSeq that its message got, whenever the server had the message. */
export function checkFrozenNumbers(log: readonly RecordedEvent[]): void {
  const numbers = new Map(
    log.flatMap((event) => (event.type === 'MessageSent' ? [[event.data.msgId, event.messageSeq]] : [])),
  );
  for (const event of log) {
    if (event.type !== 'MessageRecalled') continue;
    expect(event.data.messageSeq).toBe(numbers.get(event.data.msgId) ?? null);
    expect(event.data.held).toBe(numbers.has(event.data.msgId));
  }
}

/** Nobody met a fault; what callers were told is what the log says, and both fold to the same state, also after being stored. */
export function checkReplay(log: readonly RecordedEvent[], answers: readonly Answered[]): void {
  expect(answers.filter(({ outcome }) => outcome instanceof Error)).toEqual([]);
  const told = answers
    .flatMap(({ outcome }) => (!(outcome instanceof Error) && outcome.ok ? outcome.events : []))
    .toSorted((a, b) => a.position - b.position);
  expect(told).toEqual(log);
  const stored = JSON.parse(JSON.stringify(log)) as readonly RecordedEvent[];
  const states = (events: readonly RecordedEvent[]) => groupBy(events, ({ stream }) => stream).map(foldAll);
  expect(states(told)).toEqual(states(log));
  expect(states(stored)).toEqual(states(log));
}

function foldAll(events: readonly RecordedEvent[]): unknown {
  let [message, conversation, policy] = [unknownMessage, untouchedConversation, defaultRecallPolicy];
  let [told, acknowledged] = [nothingTold, unacknowledged];
  for (const event of events) {
    if (isConversationEvent(event)) conversation = evolveConversation(conversation, event);
    else if (event.type === 'MessageAcknowledged') acknowledged = evolveAcknowledged(acknowledged, event);
    else if (event.type === 'RecallPolicyChanged') policy = evolveRecallPolicy(policy, event);
    else if (isCallbackRuleEvent(event)) told = evolveToldOfRule(told, event);
    else if (isMessageEvent(event)) message = evolveMessage(message, event);
  }
  return { message, conversation, policy, told, acknowledged };
}

/** Files are condemned with the last message that refers to them, and each recall makes one delivery. */
export async function checkEffects(stage: Stage, log: readonly RecordedEvent[]): Promise<void> {
  const { ports, app } = stage;
  const recalls = log.filter(({ type }) => type === 'MessageRecalled').map(({ position }) => position);
  const deliveries = await ports.deliveryReader.page({ app, limit: 1000 });
  expect(deliveries.entities.map(({ events }) => events[0]?.position).toReversed()).toEqual(recalls);
  for (const file of historyFiles) {
    const attachment = await ports.attachments.find(app, file);
    expect([attachment?.state, attachment?.condemnedBy ?? null]).toEqual(fileStateOf(log, file));
  }
}

/** A file's state as the log alone tells it. */
function fileStateOf(log: readonly RecordedEvent[], file: string): readonly [string, string | null] {
  /** The messages that refer to it, and until when they keep it. */
  const references = new Map<string, number>();
  let [state, condemnedBy]: [string, string | null] = ['uploaded', null];
  for (const { type, data, occurredAt } of log) {
    const open = state === 'uploaded' || state === 'referred';
    if (type === 'MessageSent' && data.attachments.includes(file) && open) {
      references.set(data.msgId, data.expiresAt ?? Infinity);
      state = 'referred';
    } else if (type === 'MessageExpired' && references.has(data.msgId)) {
      references.set(data.msgId, 0);
    } else if (type === 'MessageRecalled' && references.delete(data.msgId) && state === 'referred') {
      const isKept = [...references.values()].some((until) => until > occurredAt);
      if (!isKept) [state, condemnedBy] = ['condemned', data.msgId];
    } else if (type === 'AttachmentPurged' && data.attachment === file && state === 'condemned') {
      state = 'purged';
    }
  }
  return [state, condemnedBy];
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string | undefined): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}
