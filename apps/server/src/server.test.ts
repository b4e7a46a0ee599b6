import { Agent, get } from 'node:http';
import Fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createServer } from './server.js';
import type { ServerParts } from './server.js';

/** A server of parts that write down what is done to them. */
function given(changed: Partial<ServerParts> = {}) {
  const done: string[] = [];
  const note = (what: string) => {
    done.push(what);
    return Promise.resolve();
  };
  const worker = (name: string) => ({
    start: () => void done.push(`${name} started`),
    stop: (deadlineMs: number) => note(`${name} stopped within ${deadlineMs} ms`),
  });
  const http = Fastify();
  http.addHook('onClose', () => note('listener closed'));
  const server = createServer({
    http,
    sessions: { upgrade: () => undefined, close: () => note('sessions closed') },
    workers: [worker('chores'), worker('feed')],
    loop: { drain: () => note('loop drained') },
    signals: { close: () => note('signals closed') },
    storage: { close: () => note('storage closed') },
    ...changed,
  });
  return { server, done };
}

describe('a server', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('given a start, then the listener answers before the workers begin', async () => {
    const { server, done } = given();
    const url = await server.start('127.0.0.1', 0);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect(done).toEqual(['chores started', 'feed started']);
    await server.stop();
  });

  it('given a stop, then each part ends before those that it relies on', async () => {
    const { server, done } = given();
    await server.start('127.0.0.1', 0);
    done.length = 0;
    await server.stop();
    expect(done).toEqual([
      'sessions closed',
      'listener closed',
      'chores stopped within 3000 ms',
      'feed stopped within 3000 ms',
      'loop drained',
      'signals closed',
      'storage closed',
    ]);
  });

  it('given a stop, then a request on an open connection is answered, with the word to open another one', async () => {
    const { server } = given();
    const url = await server.start('127.0.0.1', 0);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
        get(`${url}/nowhere`, { agent }, (answer) => {
          answer.resume();
          resolve({ status: answer.statusCode, connection: answer.headers.connection });
        }).on('error', reject);
      });
    expect(await ask()).toEqual({ status: 404, connection: 'keep-alive' });
    const stopped = server.stop();
    expect(await ask()).toEqual({ status: 404, connection: 'close' });
    await stopped;
    agent.destroy();
  });

  it('given a database that answers nothing any more, then a stop ends all the same', async () => {
    const never = () => new Promise<void>(() => undefined);
    const { server, done } = given({ loop: { drain: never }, storage: { close: never } });
    await server.start('127.0.0.1', 0);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stopped = vi.fn();
    void server.stop().then(stopped);
    await vi.waitFor(() => expect(done.at(-1)).toMatch(/^feed stopped/));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(stopped).toHaveBeenCalledOnce();
    expect(done.at(-1)).toBe('signals closed');
  });

  it('given a port that is taken, then the variable is named and no worker begins', async () => {
    const first = given();
    const { port } = new URL(await first.server.start('127.0.0.1', 0));
    const second = given();
    await expect(second.server.start('127.0.0.1', Number(port))).rejects.toThrow(
      `PORT holds "${port}", which another process listens on`,
    );
    expect(second.done).toEqual([]);
    await first.server.stop();
  });
});
