import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { helpDeskFor } from '../examples/swap.js';
import { createApi } from './support/api.js';
import { startServer, temporaryFolder } from './support/server.js';

describe('the embedded domain', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  it.each([['memory'], ['SQLite']])(
    'given %s, when an agent takes a message back, then only once and only the own one',
    async (kind) => {
      const desk = await helpDeskFor(kind === 'memory' ? undefined : folder.dir);
      const msgId = await desk.say('agent', 'customer', 'the wrong answer');

      expect(await desk.takeBack('somebody-else', 'customer', msgId)).toEqual({
        ok: false,
        code: 'notPermitted',
      });
      expect(await desk.takeBack('agent', 'customer', msgId)).toMatchObject({
        ok: true,
        events: [{ type: 'MessageRecalled', data: { msgId, from: 'agent', messageSeq: 1 } }],
      });
      expect(await desk.takeBack('agent', 'customer', msgId)).toEqual({ ok: false, code: 'alreadyRecalled' });
    },
  );
});

describe('the client that listens', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let client: ChildProcess | undefined;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    client?.kill();
    await folder.remove();
  });

  function listen(url: string, token: string) {
    const example = fileURLToPath(new URL('../examples/listen.mjs', import.meta.url));
    client = spawn(process.execPath, [example, url], { env: { TOKEN: token }, stdio: 'pipe' });
    let [printed, told] = ['', ''];
    client.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    client.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    return { process: client, lines: () => printed.split('\n').slice(0, -1), told: () => told };
  }

  it('given a server that is killed and started again, then it prints every event once', async () => {
    let server = await startServer(folder.dir);
    let api = await createApi(server.url);
    const { lines, told } = listen(`${api.appUrl}/users/bob/events`, api.appToken);
    await vi.waitFor(() => expect(told()).toContain('listening'), { timeout: 20_000 });
    const first = await api.sendText('alice', 'bob', 'one');
    await vi.waitFor(() => expect(lines()).toHaveLength(1), { timeout: 20_000 });

    await server.stop('SIGKILL');
    server = await startServer(folder.dir, { PORT: new URL(server.url).port });
    api = await createApi(server.url);
    await api.recall(first, 'bob');

    await vi.waitFor(() => expect(lines()).toHaveLength(2), { timeout: 20_000 });
    expect(lines()).toEqual([
      expect.stringMatching(new RegExp(`^\\d+ message \\{.*"msg_id":"${first}"`)),
      expect.stringMatching(new RegExp(`^\\d+ recall \\{.*"msg_id":"${first}"`)),
    ]);
    await server.stop();
  });

  it('given a token that is no good, then it says so and ends', async () => {
    const server = await startServer(folder.dir);
    const api = await createApi(server.url);
    const { process: ended, told } = listen(`${api.appUrl}/users/bob/events`, 'nonsense');
    expect(await once(ended, 'exit')).toEqual([1, null]);
    expect(told()).toMatch(/^401: /);
    await server.stop();
  });
});
