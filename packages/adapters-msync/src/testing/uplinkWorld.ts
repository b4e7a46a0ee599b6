import { assert } from '@recalld/domain';
import type { CommandLoop, RecordedEvent, UserId } from '@recalld/domain';
import { clientOrigin, createMemoryStorage, createWorld } from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import type { Caller } from '../up/caller.js';
import type { UpAnswer } from '../up/perform.js';
import { createUplink } from '../up/uplink.js';
import type { Uplink, UplinkDeps } from '../up/uplink.js';
import { wire } from '../wire/descriptors.js';
import { chatDomain, userDomain } from '../wire/jid.js';
import type { Jid } from '../wire/jid.js';
import { valueTypes } from '../wire/keyValue.js';
import { bodyTypes, contentTypes, encodeMessageBody } from '../wire/messageBody.js';
import type { MessageBody } from '../wire/messageBody.js';
import { namespaces, readMeta } from '../wire/meta.js';
import type { Meta } from '../wire/meta.js';

/** The type of a chat's messages, as a body names it. */
export type Kind = 'chat' | 'groupchat' | 'chatroom';

/** What a device sends, in the shapes of the official SDKs. */
export interface TestDevice {
  readonly caller: Caller;
  /** Sends a Meta as it is. */
  raw(meta: Meta): Promise<UpAnswer | null>;
  /** Sends a text; `body` and `meta` change what the SDKs would have made of it. */
  text(to: string, change?: Change): Promise<UpAnswer>;
  /** Sends an empty body of a type, which says something about a message or a conversation. */
  signal(
    type: 'readAck' | 'deliveryAck' | 'recall' | 'channelAck',
    to: string,
    change?: Change,
  ): Promise<UpAnswer>;
  recall(msgId: string, to: string, kind?: Kind, extension?: string): Promise<UpAnswer>;
}

export interface Change {
  readonly kind?: Kind;
  readonly body?: MessageBody;
  readonly meta?: Meta;
}

/** An uplink over memory and the real command loop. */
export interface UplinkWorld extends World {
  readonly uplink: Uplink;
  /** Messages of the log's lines. */
  readonly lines: readonly string[];
  device(user: UserId, device?: string): TestDevice;
  /** Everything recorded so far. */
  events(): Promise<readonly RecordedEvent[]>;
}

export async function createUplinkWorld(change: Partial<UplinkDeps> = {}): Promise<UplinkWorld> {
  const world = await createWorld(createMemoryStorage());
  const lines: string[] = [];
  const line = (_: object, message: string) => void lines.push(message);
  const uplink = createUplink({
    loop: world.loop,
    storage: world.ports,
    ids: world.ids,
    clock: world.clock,
    log: { debug: line, info: line, warn: line, error: line },
    settings: { messageRetentionMs: null },
    ...change,
  });
  let localIds = 496_000_000_000;
  const nextLocalId = () => String((localIds += 1));
  return {
    ...world,
    uplink,
    lines,
    device: (user, device = 'webim_web_1') => {
      const caller = { app: world.app, user, device, session: `${user} ${device}`, origin: clientOrigin };
      return deviceOf(uplink, caller, nextLocalId);
    },
    events: async () => (await world.ports.log.read({ after: 0, limit: 1_000 })).events,
  };
}

function deviceOf(uplink: Uplink, caller: Caller, nextLocalId: () => string): TestDevice {
  const raw: TestDevice['raw'] = async (meta) => {
    const read = readMeta(wire.meta.encode(meta).finish());
    assert(read.ok, 'the Meta of a test can be read');
    return uplink.take(caller, read.value);
  };
  async function chat(to: string, kind: Kind, body: MessageBody, meta: Meta = {}): Promise<UpAnswer> {
    const jid = jidOf(caller, to, kind);
    const payload = encodeMessageBody({ from: { name: caller.user }, to: { name: to }, ...body });
    const answer = await raw({ id: nextLocalId(), to: jid, ns: namespaces.chat, payload, ...meta });
    assert(answer !== null, 'what a chat brings is answered');
    return answer;
  }
  const signal: TestDevice['signal'] = (type, to, { kind = 'chat', body, meta } = {}) =>
    chat(to, kind, { type: bodyTypes[type], contents: [{ type: contentTypes.text }], ...body }, meta);
  return {
    caller,
    raw,
    signal,
    text: (to, { kind = 'chat', body, meta } = {}) =>
      chat(to, kind, { type: bodyTypes[kind], contents: [textOf('hello')], ...body }, meta),
    recall: (msgId, to, kind = 'chat', extension) => {
      const ext = extension === undefined ? {} : { ext: [extensionOf(extension)] };
      return signal('recall', to, { kind, body: { ackMessageId: msgId }, meta: ext });
    },
  };
}

function jidOf({ app }: Caller, name: string, kind: Kind): Jid {
  return { appKey: `${app.org}#${app.name}`, name, domain: kind === 'chat' ? userDomain : chatDomain };
}

export function textOf(text: string) {
  return { type: contentTypes.text, text };
}

function extensionOf(stringValue: string) {
  return { key: 'recallMessageExtensionInfo', type: valueTypes.string, stringValue };
}

/** The id of what was sent. @throws when it was refused. */
export function idOf(answer: UpAnswer): string {
  assert(answer.ok, `it was done, not refused: ${answer.ok ? '' : answer.reason}`);
  return answer.serverId;
}

/** A loop that fails instead of working. */
export function failingLoop(fault: Error): Pick<CommandLoop, 'submit'> {
  return { submit: () => Promise.reject(fault) };
}
