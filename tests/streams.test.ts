import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApi } from './support/api.js';
import type { Api } from './support/api.js';
import { startServer, temporaryFolder } from './support/server.js';
import type { RunningServer } from './support/server.js';
import { openStream } from './support/streams.js';
import type { OpenStream, StreamEvent } from './support/streams.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let api: Api;
const streams: OpenStream[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  await start();
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.leave();
  await server.stop('SIGKILL');
  await folder.remove();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await startServer(folder.dir, env);
  api = await createApi(server.url);
}

async function register(user: string): Promise<string> {
  await api.app('POST', '/users', [{ username: user, password: 'secret' }]);
  const login = { grant_type: 'password', username: user, password: 'secret' };
  return String((await api.app('POST', '/token', login)).body['access_token']);
}

async function open(user: string, more: { query?: string; after?: string; token?: string } = {}) {
  const { query = '', after, token = api.appToken } = more;
  const stream = await openStream(`${api.appUrl}/users/${user}/events${query}`, {
    authorization: `Bearer ${token}`,
    ...(after === undefined ? {} : { 'last-event-id': after }),
  });
  streams.push(stream);
  return stream;
}

const msgIds = (events: readonly StreamEvent[]) => events.map(({ data }) => data['msg_id']);

describe('a user’s stream', () => {
  it('given a message, a recall and a deletion, then it tells them as they happen, and to whom they concern', async () => {
    const [bob, carol] = [await open('bob', { token: await register('bob') }), await open('carol')];
    const alice = await open('alice');

    const msgId = await api.sendText('alice', 'bob', 'a slip');
    await vi.waitFor(() => expect(bob.events).toHaveLength(1));
    await api.recall(msgId, 'bob', { sync_device: false, recallMessageExtensionInfo: 'typo' });
    await api.app('DELETE', '/users/bob/user_channel', {
      channel: 'alice',
      type: 'chat',
      delete_roam: true,
    });
    await vi.waitFor(() => expect(bob.events).toHaveLength(3));

    expect(bob.events).toMatchObject([
      { event: 'message', data: { msg_id: msgId, bodies: [{ type: 'txt', msg: 'a slip' }] } },
      { event: 'recall', data: { msg_id: msgId, from: 'alice', to: 'bob', ext: 'typo' } },
      { event: 'conversation_deleted', data: { channel: 'alice', type: 'chat', delete_roam: true } },
    ]);
    expect([alice.events, carol.events]).toEqual([[], []]);
  });

  it('given a server that is killed and started again, then a client that resumes gets everything once', async () => {
    const before = await open('bob');
    const sent = [await api.sendText('alice', 'bob', 'one')];
    await vi.waitFor(() => expect(before.events).toHaveLength(1));
    await server.stop('SIGKILL');
    await before.ended;
    await start();
    sent.push(await api.sendText('alice', 'bob', 'two'));

    const after = await open('bob', { after: before.lastId() ?? '' });
    sent.push(await api.sendText('alice', 'bob', 'three'));

    await vi.waitFor(() => expect(after.events).toHaveLength(2));
    expect([...msgIds(before.events), ...msgIds(after.events)]).toEqual(sent);
  });

  it('given a long poll, then it waits for the next event', async () => {
    const poll = async (query: string) =>
      (await api.app('GET', `/users/bob/events?${query}`)).body as {
        readonly events: readonly StreamEvent[];
        readonly last_event_id: string;
      };
    const { last_event_id: from } = await poll('wait=0');
    const waiting = poll(`wait=60&last_event_id=${from}`);
    const msgId = await api.sendText('alice', 'bob', 'hello');

    const { events, last_event_id: next } = await waiting;

    expect(msgIds(events)).toEqual([msgId]);
    expect((await poll(`wait=0&last_event_id=${next}`)).events).toEqual([]);
  });

  it('given a password that was changed, then streams of the user end', async () => {
    const stream = await open('bob', { token: await register('bob') });
    const changed = await api.app('PUT', '/users/bob/password', { newpassword: 'another' });
    expect(changed.status).toBe(200);
    await stream.ended;
  });

  it('given a token of somebody else, none, or no such app, then it is refused', async () => {
    const token = await register('alice');
    expect((await open('bob', { token })).status).toBe(401);
    expect((await open('bob', { token: 'nonsense' })).status).toBe(401);
    const query = `?access_token=${encodeURIComponent(token)}`;
    const { status } = await openStream(`${api.appUrl}/users/alice/events${query}`, {});
    expect(status).toBe(200);
    expect((await openStream(`${server.url}/no/app/users/bob/events`, {})).status).toBe(404);
    expect(server.output()).not.toContain(token);
  });

  it('given as many streams as the node may have, then 503 until one has gone', async () => {
    await server.stop();
    await start({ RECALLD_CONNECTIONS_MAX: '2' });
    const first = await open('alice');
    await open('bob');
    expect((await open('carol')).status).toBe(503);

    first.leave();

    await vi.waitFor(async () => expect((await open('carol')).status).toBe(200));
  });
});

describe('a stop', () => {
  it('given open streams, waiting polls and readers who do not read, then all end in time', async () => {
    const stream = await open('bob');
    const lazy = await open('bob');
    lazy.stall();
    const poll = api.app('GET', '/users/bob/events?wait=60');
    const readers = async () =>
      (await (await fetch(`${server.url}/metrics`)).text()).match(/^recalld_streams (\d+)/m)?.[1];
    await vi.waitFor(async () => expect(await readers()).toBe('3'));

    const code = await server.stop();

    expect(code).toBe(0);
    await stream.ended;
    expect(await poll).toMatchObject({ status: 200, body: { events: [] } });
  });
});

describe('docs/streams.md', () => {
  const page = readFileSync(new URL('../docs/streams.md', import.meta.url), 'utf8');
  const shown = [...page.matchAll(/```sh\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)].map(
    ([, command = '', prints = '']) => ({ command, prints }),
  );
  const normalised = (text: string) => text.replace(/\d{10,}/g, 'NUMBER').trim();

  /** Runs a command of the page; `seen` hears all that it printed so far. */
  async function run(command: string, seen: (printed: string, stop: () => void) => void = () => undefined) {
    const env = { PATH: process.env['PATH'], API: api.appUrl, TOKEN: api.appToken };
    const child = spawn('bash', ['-c', `exec ${command}`], { env });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => seen((printed += chunk.toString()), () => child.kill()));
    await new Promise((resolve) => child.once('close', resolve));
    return printed;
  }

  it('prints what the page says it prints', async () => {
    const [stream, now, next] = shown;
    let start: string | undefined;
    const streamed = await run(stream?.command ?? '', (printed, stop) => {
      if (printed.includes('event: message')) return stop();
      if (start !== undefined) return;
      start = /^id: (\d+)$/m.exec(printed)?.[1];
      void api.sendText('alice', 'bob', 'hello');
    });
    const first = Number(start);
    // The page's ids are those of a server that is not new.
    const asHere = (text = '') =>
      text.replace(/\b41\b/g, String(first)).replace(/\b42\b/g, String(first + 1));

    expect(normalised(streamed)).toBe(normalised(asHere(stream?.prints)));
    for (const step of [now, next]) {
      expect(normalised(await run(asHere(step?.command)))).toBe(normalised(asHere(step?.prints)));
    }
  });
});
