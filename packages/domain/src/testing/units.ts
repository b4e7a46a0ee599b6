import type { NewEvent, RecordedEvent } from '../events.js';
import { assert } from '../kernel/assert.js';
import type { AppNo } from '../kernel/ids.js';
import { messageStream } from '../kernel/stream.js';
import { timelineOf, unknownMessage } from '../message/message.js';
import type { MessageRecalled, MessageSent } from '../message/message.js';
import { sendMessage } from '../message/sendMessage.js';
import type { SendMessage } from '../message/sendMessage.js';
import type { StoredContent } from '../message/content.js';
import type { LoadedFacts, Unit, WantedFacts } from '../ports/commandStore.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import { idAt, sampleInstant, sampleOrigin, sendSample } from './samples.js';

// Units as the loop would hand them over, for suites that look at the store alone.

export function sentEvent(change: Partial<SendMessage> = {}): MessageSent {
  const verdict = sendMessage(sendSample(change), unknownMessage, {
    chat: undefined,
    role: undefined,
    restraints: { everywhere: undefined, here: undefined },
    sentBefore: undefined,
  });
  assert(verdict.ok && verdict.events[0] !== undefined, 'a new message is sent');
  return verdict.events[0];
}

export function recalledEvent(change: Partial<MessageRecalled['data']> = {}): MessageRecalled {
  return {
    type: 'MessageRecalled',
    data: {
      msgId: idAt(sampleInstant, 1),
      recallId: idAt(sampleInstant + 60_000, 1),
      from: 'u1',
      by: 'u1',
      chat: { kind: 'chat', id: 'u2' },
      forced: false,
      held: true,
      messageSeq: 1,
      messageKey: '1_1_1760000000',
      policyVersion: 0,
      origin: sampleOrigin,
      originDevice: null,
      audience: 'all',
      ...change,
    },
    occurredAt: sampleInstant + 60_000,
    actor: change.by ?? 'u1',
  };
}

let commands = 0;

/** One append of events to one stream. */
export function unitOf(
  app: AppNo,
  stream: string,
  expected: number,
  events: readonly NewEvent[],
  change: Partial<Unit> & { readonly timeline?: string } = {},
): Unit {
  const { timeline, ...rest } = change;
  commands += 1;
  return {
    commandId: `unit ${commands}`,
    app,
    appends: [{ stream, expected, events, ...(timeline === undefined ? {} : { timeline }) }],
    puts: [],
    retryKeys: [],
    erase: [],
    deliveries: [],
    ...rest,
  };
}

/** A sending with its body. */
export function sendUnit(app: AppNo, change: Partial<SendMessage> = {}, expected = 0): Unit {
  const command = sendSample({ app, ...change });
  const event = sentEvent(command);
  return unitOf(app, messageStream(command.msgId), expected, [event], {
    timeline: timelineOf(event.data.from, event.data.chat),
    puts: [{ event: 0, content: command.content }],
  });
}

/** A recall that erases its message. */
export function recallUnit(
  app: AppNo,
  change: Partial<MessageRecalled['data']> = {},
  rest: { readonly expected?: number; readonly extension?: StoredContent } & Partial<Unit> = {},
): Unit {
  const { expected = 1, extension, ...unit } = rest;
  const event = recalledEvent(change);
  return unitOf(app, messageStream(event.data.msgId), expected, [event], {
    timeline: timelineOf(event.data.from, event.data.chat),
    puts: extension === undefined ? [] : [{ event: 0, content: extension }],
    erase: [event.data.msgId],
    ...unit,
  });
}

/** Every event of a small log, of all apps. */
export async function wholeLog({ log }: Pick<StoragePorts, 'log'>): Promise<readonly RecordedEvent[]> {
  return (await log.read({ after: 0, limit: 10_000 })).events;
}

/** Loads facts of one app. */
export async function loadOne(
  ports: StoragePorts,
  wanted: Partial<WantedFacts> & { readonly app: AppNo },
): Promise<LoadedFacts> {
  const [facts] = await ports.commands.load([
    { streams: [], chats: [], roles: [], restraints: [], heads: [], retryKeys: [], ...wanted },
  ]);
  assert(facts !== undefined, 'one app was asked for');
  return facts;
}
