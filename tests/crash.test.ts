import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from './support/api.js';
import { startReceiver } from './support/receiver.js';
import type { Receiver } from './support/receiver.js';
import { spawnServer, startServer, temporaryFolder } from './support/server.js';

describe('a server that is killed in the middle of traffic', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let receiver: Receiver;

  beforeAll(async () => {
    folder = await temporaryFolder();
    receiver = await startReceiver();
  });

  afterAll(async () => {
    await receiver.close();
    await folder.remove();
  });

  it('loses nothing that it acknowledged, and every callback arrives under one id', async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const server = await startServer(folder.dir);
      const api = await createApi(server.url);
      if (round === 0) {
        const rule = {
          name: 'all',
          url: receiver.url,
          dialect: 'easemob',
          chat_types: ['chat'],
          enabled: true,
        };
        expect((await api.admin('POST', '/callback-rules', rule)).status).toBe(201);
      }
      const killAfter = 40;
      let recalls = 0;
      const worker = async (name: string) => {
        try {
          for (;;) {
            const msgId = await api.sendText(name, 'peer', `round ${round}`);
            const answer = await api.recall(msgId, 'peer');
            if (answer.status !== 200) continue;
            acknowledged.add(msgId);
            recalls += 1;
            if (recalls === killAfter) server.process.kill('SIGKILL');
          }
        } catch {
          // The server is gone: what was not answered is not owed.
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, index) => worker(`sender-${index}`)));
      await server.stop('SIGKILL');
    }

    const server = await startServer(folder.dir);
    const api = await createApi(server.url);
    for (const msgId of acknowledged) {
      const again = await api.recall(msgId, 'peer');
      expect(again.body).toMatchObject({ error: 'message_recall_error', error_description: 'not_found msg' });
    }
    await receiver.until((received) => {
      const told = new Set(received.map(({ body }) => body['recall_id']));
      return [...acknowledged].every((msgId) => told.has(msgId));
    }, 40_000);
    const ids = new Map<unknown, Set<unknown>>();
    for (const { body } of receiver.received) {
      ids.set(body['recall_id'], (ids.get(body['recall_id']) ?? new Set()).add(body['callId']));
    }
    expect([...ids.values()].every((callIds) => callIds.size === 1)).toBe(true);
    expect(await server.stop()).toBe(0);
  }, 120_000);

  it('given a second process on the same data folder, then that one is refused with one sentence', async () => {
    const server = await startServer(folder.dir);
    const second = spawnServer(folder.dir);
    expect(await second.ended).not.toBe(0);
    expect(second.output().trim().split('\n')).toHaveLength(1);
    expect(second.output()).toContain(folder.dir);
    expect(await server.stop()).toBe(0);
  });

  it('given a hanging receiver, when it is told to stop, then it ends within ten seconds', async () => {
    const server = await startServer(folder.dir);
    const api = await createApi(server.url);
    const hanging = await startReceiver({ hang: true });
    const rule = {
      name: 'hanging',
      url: hanging.url,
      dialect: 'easemob',
      chat_types: ['chat'],
      enabled: true,
    };
    expect((await api.admin('POST', '/callback-rules', rule)).status).toBe(201);
    const msgId = await api.sendText('u1', 'u2', 'hello');
    await api.recall(msgId, 'u2');
    await hanging.until((received) => received.length === 1);
    const before = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - before).toBeLessThan(10_000);

    hanging.answer(200);
    const again = await startServer(folder.dir);
    await hanging.until((received) => received.length === 2, 40_000);
    expect(hanging.received[1]?.text).toBe(hanging.received[0]?.text);
    expect(await again.stop()).toBe(0);
    await hanging.close();
  }, 90_000);
});
