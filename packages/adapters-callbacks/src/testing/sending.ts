import { connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import type { RuleTls } from '@recalld/domain';
import { createEgress } from '../delivery/egress.js';
import type { EgressOptions } from '../delivery/egress.js';
import { createCallbackSender } from '../delivery/sender.js';
import type { CallbackSender, CallbackSenderDeps, Sent } from '../delivery/sender.js';
import type { Resolve } from '../delivery/resolve.js';
import { openReceiver } from './receiver.js';
import type { Answer, Receiver } from './receiver.js';
import { sampleNow } from './samples.js';

// What a test opens here is closed when it is over.

export interface SenderChange extends Partial<Omit<CallbackSenderDeps, 'egress' | 'names'>> {
  readonly egress?: Partial<EgressOptions>;
  readonly resolve?: Resolve;
}

/** A sender that may reach loopback. */
export function givenSender({ egress, resolve, ...change }: SenderChange = {}): CallbackSender {
  const sender = createCallbackSender({
    clock: { now: () => sampleNow },
    egress: createEgress({ allowPrivate: true, allowRanges: [], allowHosts: null, ...egress }),
    openSecret: (sealed) => sealed,
    ...(resolve && { names: { resolve, answers: async () => false } }),
    ...change,
  });
  onTestFinished(() => sender.close());
  return sender;
}

export async function givenReceiver(answer?: Answer): Promise<Receiver> {
  const receiver = await openReceiver(answer);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Lets a server listen on loopback; answers its port. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/** A port on loopback that answers no SYN: nobody accepts its connections, and its short queue is full. */
export async function deafPort(): Promise<number> {
  const awake = new Int32Array(new SharedArrayBuffer(4));
  const source = `
    const { createServer } = require('node:net');
    const { parentPort, workerData } = require('node:worker_threads');
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      setImmediate(() => {
        parentPort.postMessage(server.address().port);
        Atomics.wait(workerData, 0, 0);
      });
    });`;
  const worker = new Worker(source, { eval: true, workerData: awake });
  onTestFinished(async () => {
    Atomics.store(awake, 0, 1);
    Atomics.notify(awake, 0);
    await worker.terminate();
  });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  for (let n = 0; n < 4; n += 1) {
    const filler = connect(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void filler.destroy());
  }
  return port;
}

export async function post(
  sender: CallbackSender,
  url: string,
  { body = '{"a":"ä"}', tls = null }: { readonly body?: string; readonly tls?: RuleTls | null } = {},
): Promise<Sent['attempt']> {
  return (await send(sender, url, { body, tls })).attempt;
}

/** POSTs, and answers all that came of it. */
export async function send(
  sender: CallbackSender,
  url: string,
  { body = '{}', tls = null }: { readonly body?: string; readonly tls?: RuleTls | null } = {},
): Promise<Sent> {
  const sent = await sender.send({ url, headers: { 'Content-Type': 'application/json' }, body }, tls);
  if (sent === 'cut') throw new Error('nobody cut this request');
  return sent;
}

/** The resolver of a world where every name is this machine's. */
export const loopback = async () => [{ address: '127.0.0.1', family: 4 }];

/** The error of a name that is not there. */
export function unknownName(): Error {
  return Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
}
