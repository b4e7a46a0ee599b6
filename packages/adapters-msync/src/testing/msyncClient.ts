import { once } from 'node:events';
import { WebSocket } from 'ws';
import { wire } from '../wire/descriptors.js';
import type { WireType } from '../wire/descriptors.js';
import { commands } from '../wire/envelope.js';
import type { Jid } from '../wire/jid.js';
import { appKey, clientBody, clientFrame, clientMeta, pullFrame, sendFrame } from './given.js';

type Command = keyof typeof commands;

/** What the server said in one frame, whichever of the commands it is; absent fields are absent. */
export interface Down {
  readonly command: Command;
  readonly status?: { readonly errorCode: number; readonly reason: string };
  readonly resource?: string;
  readonly sessionId?: string;
  readonly authToken?: string;
  readonly metaId?: string;
  readonly serverId?: string;
  readonly metas?: readonly Uint8Array[];
  readonly nextKey?: string;
  readonly queue?: Jid;
  readonly isLast?: boolean;
  readonly timestamp?: string;
  readonly unread?: readonly { readonly queue: Jid; readonly n: number }[];
}

/** An item as a device shows it. */
export interface Shown {
  readonly id: string;
  readonly text?: string;
  /** Of StatisticsBody, in a kick. */
  readonly operation?: number;
}

/** A small device: it speaks frames, remembers what came, and does nothing by itself. */
export interface MsyncClient {
  readonly socket: WebSocket;
  /** Every frame so far. */
  readonly frames: readonly Down[];
  /** Its closing: the code. */
  readonly closed: Promise<number>;
  send(frame: Uint8Array | string): void;
  /** Logs in and answers what the server said; does not wait when the socket ends instead. */
  login(user: string, device?: string, change?: LoginChange): Promise<Down>;
  /** The next frame of a command that nobody has taken yet; for a sync, one that fits. */
  next(command: Command, fits?: (frame: Down) => boolean): Promise<Down>;
  /** Asks what is unread, as the SDKs do after a login: names and numbers. */
  unread(): Promise<readonly (readonly [string, number])[]>;
  /** Pulls one batch of a queue, confirming with a key. */
  pull(queue: Jid, key?: string): Promise<Down>;
  /** Pulls a queue to its end, as the SDKs do. */
  pullAll(queue: Jid): Promise<readonly Shown[]>;
  /** Sends a text without waiting; the local id. */
  text(to: string, text: string): string;
  /** The answer to what was sent under a local id. */
  answer(localId: string): Promise<Down>;
}

export interface LoginChange {
  readonly token?: string;
  readonly appKey?: string;
  readonly osType?: number;
}

const types: Readonly<Record<Command, WireType>> = {
  sync: wire.commSyncDown,
  unread: wire.commUnreadDown,
  notice: wire.commNotice,
  provision: wire.provision,
  logout: wire.provision,
};

/** A queue named after a user, or after a group or room. */
export function queueOf(name: string, domain = 'easemob.com'): Jid {
  return { appKey, name, domain };
}

/** @param from the address that it connects from. */
export async function connectClient(url: string, from = '127.0.0.1'): Promise<MsyncClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false, localAddress: from });
  const client = clientOn(socket);
  await once(socket, 'open');
  return client;
}

let localIds = 496_000_000_000;

function clientOn(socket: WebSocket): MsyncClient {
  const frames: Down[] = [];
  const taken = new Set<Down>();
  const waiting = new Set<() => void>();
  let user = '';
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)));
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    frames.push(readDown(data as Buffer));
    for (const look of [...waiting]) look();
  });

  const next: MsyncClient['next'] = (command, fits = () => true) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = frames.find((frame) => frame.command === command && !taken.has(frame) && fits(frame));
        if (found === undefined) return;
        waiting.delete(look);
        taken.add(found);
        resolve(found);
      };
      waiting.add(look);
      look();
      void closed.then((code) => waiting.has(look) && reject(new Error(`closed with ${code}`)));
    });

  const client: MsyncClient = {
    socket,
    frames,
    closed,
    next,
    send: (frame) => socket.send(frame),
    login: (name, device = 'webim_web_1', change = {}) => {
      user = name;
      client.send(loginOf(name, device, change));
      return next('provision');
    },
    unread: async () => {
      client.send(clientFrame('unread', new Uint8Array()));
      const { unread = [] } = await next('unread');
      return unread.map(({ queue, n }) => [queue.name ?? '', n] as const);
    },
    pull: (queue, key) => {
      client.send(pullFrame({ queue, ...(key === undefined ? {} : { key }) }));
      return next('sync', (frame) => frame.queue !== undefined && frame.queue.name === queue.name);
    },
    pullAll: async (queue) => {
      const shown: Shown[] = [];
      let page = await client.pull(queue);
      while (page.isLast !== true) {
        shown.push(...(page.metas ?? []).map(shownOf));
        page = await client.pull(queue, page.nextKey);
      }
      return shown;
    },
    text: (to, text) => {
      const id = String((localIds += 1));
      const names = { from: { name: user }, to: { name: to } };
      const payload = clientBody({ ...names, contents: [{ type: 0, text }] });
      client.send(sendFrame(clientMeta({ id, to: queueOf(to), payload })));
      return id;
    },
    answer: (localId) => next('sync', ({ metaId }) => metaId === localId),
  };
  return client;
}

function loginOf(user: string, device: string, change: LoginChange): Uint8Array {
  const { token = `user:${user}`, osType = 16 } = change;
  const guid = { appKey: change.appKey ?? appKey, name: user, domain: 'easemob.com', clientResource: device };
  const provision = { osType, version: '4.21.1', resource: device, sessionId: '1:' };
  const payload = wire.provision.encode(provision).finish();
  return clientFrame('provision', payload, { guid, auth: `$t$${token}` });
}

function readDown(bytes: Uint8Array): Down {
  const envelope = wire.msync.toObject(wire.msync.decode(bytes)) as { command: number; payload: Uint8Array };
  const command = (Object.keys(commands) as Command[]).find((name) => commands[name] === envelope.command);
  if (command === undefined) throw new Error(`the server said ${envelope.command}`);
  const type = types[command];
  return { command, ...type.toObject(type.decode(envelope.payload), { longs: String }) };
}

export function shownOf(bytes: Uint8Array): Shown {
  const meta = wire.meta.toObject(wire.meta.decode(bytes), { longs: String }) as {
    id: string;
    ns: number;
    payload: Uint8Array;
  };
  const { id } = meta;
  if (meta.ns === 0) {
    const { operation } = wire.statisticsBody.toObject(wire.statisticsBody.decode(meta.payload));
    return { id, operation: operation as number };
  }
  const body = wire.messageBody.toObject(wire.messageBody.decode(meta.payload));
  const [content] = body.contents as { text?: string }[];
  return content?.text === undefined ? { id } : { id, text: content.text };
}

/** The operation of the kick that a device is told before its socket is closed. */
export async function kickOf({ closed, frames }: MsyncClient): Promise<number | undefined> {
  await closed;
  const [kick] = frames.filter(({ command }) => command === 'sync');
  const [meta] = kick?.metas ?? [];
  return meta && shownOf(meta).operation;
}
