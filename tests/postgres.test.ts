import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createApi } from './support/api.js';
import { describeMainJob } from './support/mainJob.js';
import { nodeVariables } from './support/nodes.js';
import { hasPostgres, ownPostgres } from './support/postgres.js';
import { startReceiver } from './support/receiver.js';
import { startServer } from './support/server.js';

/** Fixed credentials would have nothing to be shown. */
const generated = { RECALLD_ROOT_TOKEN: '', RECALLD_CLIENT_ID: '', RECALLD_CLIENT_SECRET: '' };

describe.skipIf(!hasPostgres)('on PostgreSQL', () => {
  const postgres = ownPostgres();

  const dataDir = () => path.join(postgres.dir, 'unused');

  /** Starts a node on that database. */
  function start(database: string, env: Readonly<Record<string, string>> = {}) {
    return startServer(dataDir(), { ...nodeVariables(database), ...env });
  }

  describeMainJob('PostgreSQL', async () => {
    const server = await start(await postgres.server.createDatabase());
    return { server, close: async () => void (await server.stop()) };
  });

  it('given a stop and a start, then everything is as it was, and nothing is kept on this machine', async () => {
    const database = await postgres.server.createDatabase();
    const first = await start(database);
    const api = await createApi(first.url);
    const kept = await api.sendText('u1', 'u2', 'kept');
    const recalled = await api.sendText('u1', 'u2', 'recalled');
    expect((await api.recall(recalled, 'u2')).status).toBe(200);
    const form = new FormData();
    form.append(
      'file',
      new Blob([Buffer.alloc(3_000_000, 'image-bytes ')], { type: 'image/png' }),
      'cat.png',
    );
    const { url } = await api.upload(form);
    const bytes = async (at: string) => Buffer.from(await (await fetch(at)).arrayBuffer());
    const uploaded = await bytes(url);
    expect(uploaded).toHaveLength(3_000_000);
    expect(await first.stop()).toBe(0);

    const second = await start(database);
    const again = await createApi(second.url);
    expect(await again.roaming('u2', 'u1@easemob.com')).toHaveLength(1);
    expect((await again.recall(recalled, 'u2')).body).toMatchObject({ error_description: 'not_found msg' });
    expect(uploaded.equals(await bytes(url.replace(first.url, second.url)))).toBe(true);
    expect((await again.recall(kept, 'u2')).status).toBe(200);
    // A token that was given before the stop is still good.
    expect((await again.app('GET', '/users/u2/user_channels', undefined, api.appToken)).status).toBe(200);
    expect(await second.stop()).toBe(0);
    expect(existsSync(dataDir())).toBe(false);
  });

  it('given a node that is killed in the middle of traffic, then nothing that it acknowledged is lost', async () => {
    const database = await postgres.server.createDatabase();
    const receiver = await startReceiver();
    const server = await start(database);
    const api = await createApi(server.url);
    const rule = { name: 'all', url: receiver.url, dialect: 'easemob', chat_types: ['chat'], enabled: true };
    expect((await api.admin('POST', '/callback-rules', rule)).status).toBe(201);
    const acknowledged: string[] = [];
    const worker = async (name: string) => {
      try {
        for (;;) {
          const msgId = await api.sendText(name, 'peer', 'hello');
          if ((await api.recall(msgId, 'peer')).status !== 200) continue;
          acknowledged.push(msgId);
          if (acknowledged.length === 40) server.process.kill('SIGKILL');
        }
      } catch {
        // The server is gone: what was not answered is not owed.
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => worker(`sender-${index}`)));
    await server.stop('SIGKILL');

    const next = await start(database);
    const again = await createApi(next.url);
    for (const msgId of acknowledged) {
      expect((await again.recall(msgId, 'peer')).body).toMatchObject({ error_description: 'not_found msg' });
    }
    const told = () => receiver.received.map(({ body }) => body['recall_id']);
    await receiver.until(() => acknowledged.every((msgId) => told().includes(msgId)), 60_000);
    expect(await next.stop()).toBe(0);
    await receiver.close();
  }, 120_000);

  it('given nodes that start on an empty database at the same moment, then all of them serve, and one shows the secrets', async () => {
    const database = await postgres.server.createDatabase();
    const nodes = await Promise.all(Array.from({ length: 3 }, () => start(database, generated)));
    const shown = nodes.flatMap(
      (node) => node.output().match(/^(?:root token|app acme#im client).*$/gm) ?? [],
    );
    expect(shown.map((line) => line.replace(/\S+$/, '…'))).toEqual([
      'root token (shown once): …',
      'app acme#im client id: …',
      'app acme#im client secret (shown once): …',
    ]);

    const [token, client_id, client_secret] = shown.map((line) => line.split(' ').at(-1) ?? '');
    for (const { url } of nodes) {
      const rules = await fetch(`${url}/admin/v1/apps/acme/im/callback-rules`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(rules.status).toBe(200);
      const login = await fetch(`${url}/acme/im/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant_type: 'client_credentials', client_id, client_secret }),
      });
      expect(login.status).toBe(200);
    }
    expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0, 0]);
  }, 60_000);

  it('given another secret key at one node after another, then each node serves all the time', async () => {
    const database = await postgres.server.createDatabase();
    const [oldKey, newKey] = [
      'the old key, which is thirty-two or longer',
      'the new key, which is longer still',
    ];
    const node = (RECALLD_SECRET_KEY: string, RECALLD_SECRET_KEY_PREVIOUS = '') =>
      start(database, { RECALLD_SECRET_KEY, RECALLD_SECRET_KEY_PREVIOUS });
    /** What needs secrets of the database: a login, and the app's content. */
    const works = async (url: string) => {
      const api = await createApi(url);
      await api.sendText('u1', 'u2', 'hello');
      return (await api.roaming('u2', 'u1@easemob.com')).length > 0;
    };

    const nodes = [await node(oldKey), await node(oldKey)];
    // Every node learns the new key, then every node seals under it, then nobody needs the old one.
    for (const [key, previous] of [[oldKey, newKey], [newKey, oldKey], [newKey]] as const) {
      for (let index = 0; index < nodes.length; index += 1) {
        await nodes[index]?.stop();
        nodes[index] = await node(key, previous);
        for (const { url } of nodes) expect(await works(url)).toBe(true);
      }
    }
    await Promise.all(nodes.map((each) => each.stop()));
    await expect(node(oldKey)).rejects.toThrow('check RECALLD_SECRET_KEY');
  }, 120_000);
});
