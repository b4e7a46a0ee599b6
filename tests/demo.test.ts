import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, credentials, temporaryFolder } from './support/server.js';

const demo = fileURLToPath(new URL('../demo/main.mjs', import.meta.url));

describe('npm run demo', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
  });

  afterAll(async () => {
    await folder.remove();
  });

  it('given nothing, then it shows the main job on a server of its own and leaves nothing behind', async () => {
    const { code, output } = await runDemo({ TMPDIR: folder.dir });

    expect(output).toMatch(/ben’s history of anna has: anna: “The door code is 4711\.”/);
    expect(output).toMatch(/ben’s history of the group has: anna: the image door\.png/);
    expect(output).toMatch(/ben’s history has neither of them any more/);
    expect(output).toContain('404 entity_not_found, “file may not exists”');
    expect(output).toContain('403 message_recall_error, “not_found msg”');
    expect(output).toContain(
      'ben still has anna in his list, and in his history: anna: “See you on Saturday.”',
    );
    expect(output.match(/"chat_type": "recall"/g)).toHaveLength(2);
    expect(output).toContain('"CallbackCommand": "C2C.CallbackAfterMsgWithDraw"');
    expect(output).toContain('"CallbackCommand": "Group.CallbackAfterRecallMsg"');
    expect(output.match(/signature verified/g)).toHaveLength(4);
    expect(output).not.toContain('\u001b');
    expect(code).toBe(0);
    expect(await readdir(folder.dir)).toEqual([]);
  }, 60_000);

  it('given a running server in the environment, then it runs there, twice, and takes its rules away', async () => {
    const data = await temporaryFolder();
    const server = await startServer(data.dir);
    const env = {
      RECALLD_URL: server.url,
      RECALLD_APP: `${credentials.org}#${credentials.app}`,
      RECALLD_ROOT_TOKEN: credentials.rootToken,
      RECALLD_CLIENT_ID: credentials.clientId,
      RECALLD_CLIENT_SECRET: credentials.clientSecret,
    };
    for (let run = 0; run < 2; run += 1) {
      const { code, output } = await runDemo(env);
      expect(output.match(/signature verified/g)).toHaveLength(4);
      expect(code).toBe(0);
    }
    const rules = await fetch(
      `${server.url}/admin/v1/apps/${credentials.org}/${credentials.app}/callback-rules`,
      {
        headers: { authorization: `Bearer ${credentials.rootToken}` },
      },
    );
    expect(await rules.json()).toEqual({ entities: [] });
    await server.stop();
    await data.remove();
  }, 60_000);

  it('given a server that is not there, then it says so and fails', async () => {
    const { code, output } = await runDemo({
      RECALLD_URL: 'http://127.0.0.1:1',
      RECALLD_ROOT_TOKEN: credentials.rootToken,
      RECALLD_CLIENT_ID: credentials.clientId,
      RECALLD_CLIENT_SECRET: credentials.clientSecret,
    });

    expect(output).toMatch(/The demo failed\. fetch failed: .*(ECONNREFUSED|bad port)/);
    expect(code).toBe(1);
  });
});

async function runDemo(env: Readonly<Record<string, string>>): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [demo], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
