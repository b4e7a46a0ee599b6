import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from './support/api.js';
import type { Api } from './support/api.js';
import { filesWith } from './support/files.js';
import { startServer, temporaryFolder } from './support/server.js';
import type { RunningServer } from './support/server.js';

describe('recalled means gone', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: RunningServer;
  let api: Api;

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startServer(folder.dir, { RECALLD_LOG_LEVEL: 'trace' });
    api = await createApi(server.url);
  });

  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  it('given recalled messages of many sizes, then no file in the data folder has a byte of them after seconds', async () => {
    const canary = 'canary-4711-bird';
    const ids: string[] = [];
    for (let size = 0; size < 100; size += 1) {
      ids.push(await api.sendText('u1', 'u2', `${canary} ${'x'.repeat(size * 40)} ${canary}`));
    }
    expect(await filesWith(folder.dir, canary)).not.toEqual([]);

    for (const id of ids) {
      const recalled = await api.recall(id, 'u2', { recallMessageExtensionInfo: 'extension stays' });
      expect(recalled.status).toBe(200);
    }

    await expect.poll(() => filesWith(folder.dir, canary), { timeout: 8_000, interval: 200 }).toEqual([]);
    expect(server.output()).not.toContain(canary);
  });

  it('given a recalled image, then neither its bytes nor its name are in any file', async () => {
    const [bytes, name] = ['canary-image-bytes', 'canary-image-name'];
    const form = new FormData();
    form.append('file', new Blob([bytes.repeat(2_000)], { type: 'image/png' }), `${name}.png`);
    const { url } = await api.upload(form);
    const msgId = await api.sendImage({ filename: `${name}.png`, url });
    for (const canary of [bytes, name]) expect(await filesWith(folder.dir, canary)).not.toEqual([]);

    expect((await api.recall(msgId, 'u2')).status).toBe(200);

    const found = async () => [
      ...(await filesWith(folder.dir, bytes)),
      ...(await filesWith(folder.dir, name)),
    ];
    await expect.poll(found, { timeout: 8_000, interval: 200 }).toEqual([]);
  });

  it('given refused and broken requests, then the logs quote none of them', async () => {
    const canary = 'canary-in-broken-json';
    const response = await fetch(`${api.appUrl}/messages/users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.appToken}`, 'content-type': 'application/json' },
      body: `{"from": "${canary}`,
    });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain(canary);
    expect(server.output()).not.toContain(canary);
    expect(server.output()).not.toContain(api.appToken);
  });
});
