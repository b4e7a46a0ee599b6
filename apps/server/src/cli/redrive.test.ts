import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createNatsLink } from '@recalld/adapters-callbacks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { findNatsServer, startNatsServer } from '../../../../scripts/lib/natsServer.mjs';
import type { NatsServer } from '../../../../scripts/lib/natsServer.mjs';
import { startServer } from '../testing/running.js';
import { redrive } from './redrive.js';
import { runCli } from './run.js';

const credentials = {
  RECALLD_ROOT_TOKEN: 'the-root-token',
  RECALLD_CLIENT_ID: 'client',
  RECALLD_CLIENT_SECRET: 'client-secret',
};
const ruleSecret = 'the-secret-of-the-rule';
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-redrive-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

/** Runs the command as its process does. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  interrupted = new AbortController().signal,
) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    interrupted,
  };
  const code = await runCli(
    { redrive },
    ['redrive', ...args],
    { RECALLD_DATA_DIR: dataDir, ...env },
    terminal,
  );
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** A running server without a broker whose log has three recalls, each with a callback. */
async function given() {
  const running = await startServer(dataDir, credentials);
  const { call, login } = running;
  const rule = { name: 'backend', url: 'http://127.0.0.1:1/', dialect: 'easemob', secret: ruleSecret };
  const made = await call(
    'POST',
    '/admin/v1/apps/demo-org/demo-app/callback-rules',
    credentials.RECALLD_ROOT_TOKEN,
    rule,
  );
  expect(made.status).toBe(201);
  const { body } = await login(credentials.RECALLD_CLIENT_ID, credentials.RECALLD_CLIENT_SECRET);
  const token = String(body.access_token);
  for (let recalls = 0; recalls < 3; recalls += 1) {
    const text = { from: 'ann', to: ['bob'], type: 'txt', body: { msg: 'hello' } };
    const sent = await call('POST', '/demo-org/demo-app/messages/users', token, text);
    const recall = { msg_id: sent.body.data.bob, to: 'bob', chat_type: 'chat' };
    const recalled = await call('POST', '/demo-org/demo-app/messages/msg_recall', token, recall);
    expect(recalled.status).toBe(200);
  }
  return running;
}

describe('redrive without what it needs', () => {
  it('given no broker in the environment, then the variable is named', async () => {
    expect(await run(['--from', '1'])).toMatchObject({
      code: 78,
      err: expect.stringMatching(/^recalld: RECALLD_NATS_URL is not set/),
    });
  });

  it('given no database, then its place is named', async () => {
    const { code, err } = await run(['--from', '1'], {
      RECALLD_NATS_URL: 'nats://127.0.0.1:1',
      RECALLD_SECRET_KEY: 'k'.repeat(32),
    });
    expect(code).toBe(78);
    expect(err).toContain(`lead to "${path.join(dataDir, 'recalld.sqlite')}", which is not there`);
  });

  it('given no secret key, then none is made', async () => {
    const { code, err } = await run(['--from', '1'], { RECALLD_NATS_URL: 'nats://127.0.0.1:1' });
    expect(code).toBe(78);
    expect(err).toContain('RECALLD_SECRET_KEY is not set');
  });

  it('given an interruption while it waits for the broker, then it ends', async () => {
    const { server } = await given();
    const env = { RECALLD_NATS_URL: 'nats://user:hunter2@127.0.0.1:1' };
    const { code, out, err } = await run(['--from', '1'], env, AbortSignal.timeout(200));
    expect(code).toBe(130);
    expect(err).toContain('redrive: interrupted before anything was published');
    expect(out + err).not.toContain('hunter2');
    await server.stop();
  });

  it.each([
    ['left alone', 60_000, 69],
    ['interrupted', 1_000, 130],
  ])(
    'given a broker that says nothing, when it is %s, then it ends and holds nothing open',
    async (_, ms, code) => {
      const { server } = await given();
      const open = new Set<Socket>();
      const silent = createServer((socket) => {
        open.add(socket);
        socket.resume().on('close', () => open.delete(socket));
      });
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as AddressInfo;

      const env = { RECALLD_NATS_URL: `nats://127.0.0.1:${port}` };
      const ended = await run(['--from', '1'], env, AbortSignal.timeout(ms));

      expect(ended.code).toBe(code);
      // A process ends by itself when it has nothing open.
      await vi.waitFor(() => expect(open.size).toBe(0), 1_000);
      silent.close();
      await server.stop();
    },
  );
});

describe.skipIf(findNatsServer() === undefined)('redrive', () => {
  let broker: NatsServer;
  beforeAll(async () => {
    broker = await startNatsServer();
  });
  afterAll(() => broker.stop());

  /** What the streams hold. */
  async function stored() {
    const link = createNatsLink({ url: broker.url, log, name: 'test' });
    await vi.waitFor(() => expect(link.connected()).toBe(true), 10_000);
    const manager = await link.current()?.nats.jetstreamManager();
    if (manager === undefined) throw new Error('the broker is away');
    const count = async (stream: string) => (await manager.streams.info(stream)).state.messages;
    const counts = { events: await count('RECALLD_EVENTS'), callbacks: await count('RECALLD_CALLBACKS') };
    const first = await manager.streams.getMessage('RECALLD_CALLBACKS', { seq: 1 });
    await link.close();
    return { counts, firstCallback: first.json<Record<string, string>>() };
  }

  it('given a log that a running server has, then it is on the streams, signed, and once', async () => {
    const { server } = await given();
    const env = { RECALLD_NATS_URL: broker.url };

    const first = await run(['--from', '1'], env);
    expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/: 6 published, 0 there already$/) });
    const again = await run(['--since', '2020-01-01'], env);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/: 0 published, 6 there already$/) });

    const { counts, firstCallback } = await stored();
    expect(counts).toEqual({ events: 3, callbacks: 3 });
    const { callId, timestamp, security } = firstCallback;
    const signed = `${callId}${ruleSecret}${timestamp}`;
    expect(security).toBe(createHash('md5').update(signed).digest('hex'));

    await server.stop();
    const alone = await run(['--from', '1', '--feed', 'events'], env);
    expect(alone).toMatchObject({ code: 0, out: expect.stringMatching(/: 0 published, 3 there already$/) });
    expect(await run(['--from', '1000'], env)).toMatchObject({
      code: 0,
      out: 'redrive: the log has nothing in this range',
    });
  });
});
