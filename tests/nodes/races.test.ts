import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import type { Answer, Api } from '../support/api.js';
import { anyOf, calledBack, eventTypes, untilCalledBack } from '../support/books.js';
import { startNodes } from '../support/nodes.js';
import type { Nodes } from '../support/nodes.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';

const toldMs = 30_000;
const patientMs = 60_000;

describe.skipIf(findPostgres() === undefined)('races between nodes', () => {
  let postgres: PostgresServer;
  let cluster: Nodes;
  let receiver: Receiver;
  let native: Receiver;

  beforeAll(async () => {
    postgres = await startPostgres();
    cluster = await startNodes(postgres, 3);
    [receiver, native] = await Promise.all([startReceiver(), startReceiver()]);
    for (const rule of [
      { name: 'easemob', url: receiver.url, dialect: 'easemob' },
      { name: 'native', url: native.url, dialect: 'native' },
    ]) {
      expect((await anyApi().admin('POST', '/callback-rules', rule)).status).toBe(201);
    }
  });

  afterAll(async () => {
    await cluster.close();
    await Promise.all([receiver.close(), native.close()]);
    await postgres.stop();
  });

  const apis = () => cluster.nodes.map(({ api }) => api);
  const anyApi = () => anyOf(apis());
  const everywhere = (act: (api: Api) => Promise<Answer>) => Promise.all(apis().map(act));
  const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort();

  /** So many at the same time, each answering something. */
  const together = <T>(count: number, act: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => act(n)));

  it(
    'one message recalled at three nodes at once: one does it, once, and the others hear the vendor’s words',
    async () => {
      const done: string[] = [];
      await together(25, async (worker) => {
        for (let n = 0; n < 12; n += 1) {
          const msgId = await anyApi().sendText(`from-${worker}`, 'peer', 'hello');
          const answers = await everywhere((api) => api.recall(msgId, 'peer'));
          expect(statuses(answers)).toEqual([200, 403, 403]);
          for (const { status, body } of answers) {
            if (status !== 200) expect(body['error_description']).toBe('not_found msg');
          }
          done.push(msgId);
        }
      });

      for (const msgId of done) expect(await eventTypes(anyApi(), msgId)).toBe('MessageSent MessageRecalled');
      expect(await untilCalledBack(receiver, done, toldMs)).toEqual([]);
      const heard = receiver.received.filter(({ body }) => done.includes(String(body['recall_id'])));
      expect(heard).toHaveLength(done.length);
    },
    patientMs,
  );

  it(
    'sends into a conversation beside recalls in it: history is what was not recalled, at every node',
    async () => {
      const [left, recalled]: [Set<string>, string[]] = [new Set(), []];
      await together(12, async (worker) => {
        for (let n = 0; n < 10; n += 1) {
          const [from, to] = worker % 2 === 0 ? ['anna', 'ben'] : ['ben', 'anna'];
          const msgId = await anyApi().sendText(from, to, 'hello');
          left.add(msgId);
          if (n % 5 === 0) continue;
          expect((await anyApi().recall(msgId, to)).status).toBe(200);
          left.delete(msgId);
          recalled.push(msgId);
        }
      });

      for (const api of apis()) expect(await api.roaming('ben', 'anna@easemob.com')).toHaveLength(left.size);
      expect(await untilCalledBack(receiver, recalled, toldMs)).toEqual([]);
    },
    patientMs,
  );

  it(
    'conversations deleted at three nodes beside sends and recalls: none fails, and a later message shows',
    async () => {
      const gone = { channel: 'dora', type: 'chat', delete_roam: true };
      const remove = (api: Api) => api.app('DELETE', '/users/carl/user_channel', gone);
      await together(9, async (worker) => {
        for (let n = 0; n < 10; n += 1) {
          const msgId = await anyApi().sendText('dora', 'carl', 'hello');
          if (worker % 3 === 0) expect(statuses(await everywhere(remove))).toEqual([200, 200, 200]);
          else expect((await anyApi().recall(msgId, 'carl')).status).toBe(200);
        }
      });

      expect((await remove(anyApi())).status).toBe(200);
      for (const api of apis()) expect(await api.roaming('carl', 'dora@easemob.com')).toHaveLength(0);
      await anyApi().sendText('dora', 'carl', 'still there?');
      for (const api of apis()) expect(await api.roaming('carl', 'dora@easemob.com')).toHaveLength(1);
    },
    patientMs,
  );

  it(
    'messages that share a file, recalled at three nodes at once: it is gone, and purged once',
    async () => {
      const files = await together(20, async () => {
        const form = new FormData();
        form.append('file', new Blob(['image bytes'], { type: 'image/png' }), 'cat.png');
        const { url, uuid } = await anyApi().upload(form);
        const msgIds = [];
        for (let n = 0; n < 3; n += 1) msgIds.push(await anyApi().sendImage({ filename: 'cat.png', url }));
        return { url, uuid, msgIds };
      });

      await Promise.all(
        files.map(async ({ url, msgIds }) => {
          expect((await fetch(url)).status).toBe(200);
          const answers = await Promise.all(
            apis().map((api, index) => api.recall(msgIds[index] ?? '', 'u2')),
          );
          expect(statuses(answers)).toEqual([200, 200, 200]);
          expect((await fetch(url)).status).toBe(404);
        }),
      );

      const purged = () => native.received.filter(({ body }) => body['type'] === 'attachment.purged');
      await native.until(() => purged().length >= files.length, toldMs);
      expect(
        purged()
          .map(({ body }) => (body['data'] as { file_uuid: string }).file_uuid)
          .sort(),
      ).toEqual(files.map(({ uuid }) => uuid).sort());
    },
    patientMs,
  );

  it(
    'an ordered rule and recalls at three nodes: one callback of a chat after the other, each once taken',
    async () => {
      const ordered = await startReceiver();
      const rule = { name: 'ordered', url: ordered.url, dialect: 'easemob', ordered: true };
      const made = await anyApi().admin('POST', '/callback-rules', rule);
      const recalled: string[] = [];
      for (let n = 0; n < 60; n += 1) {
        // What comes next must wait for what fails.
        ordered.answer(n % 20 < 5 ? 500 : 200);
        const msgId = await anyApi().sendText('erik', 'fay', 'hello');
        expect((await anyApi().recall(msgId, 'fay')).status).toBe(200);
        recalled.push(msgId);
      }
      ordered.answer(200);

      expect(await untilCalledBack(ordered, recalled, toldMs)).toEqual([]);
      const order = [...calledBack(ordered).keys()];
      expect(order).toEqual(recalled);
      await anyApi().admin('DELETE', `/callback-rules/${String(made.body['id'])}`);
      await ordered.close();
    },
    patientMs,
  );

  it(
    'one delivery sent again at three nodes at once: it goes out under its id, and ends delivered',
    async () => {
      const msgId = await anyApi().sendText('u1', 'u2', 'hello');
      await anyApi().recall(msgId, 'u2');
      await untilCalledBack(receiver, [msgId], toldMs);
      const list = await anyApi().admin('GET', '/deliveries?limit=100');
      const entities = list.body['entities'] as readonly { id: string; rule_name: string }[];
      const { id } = entities.find(({ rule_name }) => rule_name === 'easemob') ?? { id: '' };
      const status = async () => (await anyApi().admin('GET', `/deliveries/${id}`)).body['status'];
      await expect.poll(status, { timeout: toldMs }).toBe('delivered');
      const heard = () => receiver.received.filter(({ body }) => body['recall_id'] === msgId).length;
      const before = heard();

      const answers = await everywhere((api) => api.admin('POST', `/deliveries/${id}/redeliver`));
      expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
      expect(statuses(answers)).toContain(202);
      await receiver.until(() => heard() > before, toldMs);
      expect(calledBack(receiver).get(msgId)?.size).toBe(1);
      await expect.poll(status, { timeout: toldMs }).toBe('delivered');
      expect(heard() - before).toBeLessThanOrEqual(3);
    },
    patientMs,
  );

  it(
    'many senders to one group at every node: each message once, its numbers from 1 without a gap, and one order everywhere',
    async () => {
      const tencent = await startReceiver();
      const rule = { name: 'tencent', url: tencent.url, dialect: 'tencent', chat_types: ['groupchat'] };
      expect((await anyApi().admin('POST', '/callback-rules', rule)).status).toBe(201);
      const group = { groupname: 'all', public: true, maxusers: 200, owner: 'owner', members: ['u1'] };
      const made = await anyApi().app('POST', '/chatgroups', group);
      const { groupid } = made.body['data'] as { groupid: string };
      const sent = await together(12, async () => {
        const msgIds = [];
        for (let n = 0; n < 10; n += 1) {
          const message = { from: 'owner', to: [groupid], type: 'txt', body: { msg: 'hello' } };
          const answer = await anyApi().app('POST', '/messages/chatgroups', message);
          expect(answer.status).toBe(200);
          msgIds.push((answer.body['data'] as Record<string, string>)[groupid] ?? '');
        }
        return msgIds;
      });
      const msgIds = sent.flat();
      expect(new Set(msgIds).size).toBe(120);
      const histories = await Promise.all(
        apis().map((api) => history(api, 'u1', `${groupid}@conference.easemob.com`)),
      );
      expect(histories[0]).toHaveLength(msgIds.length);
      for (const other of histories) expect(other).toEqual(histories[0]);

      await Promise.all(
        msgIds.map(async (msgId) => {
          expect((await anyApi().recall(msgId, groupid, { chat_type: 'groupchat' })).status).toBe(200);
        }),
      );
      const numbers = () =>
        tencent.received.flatMap(({ body }) =>
          (body['MsgSeqList'] as { MsgSeq: number }[]).map(({ MsgSeq }) => MsgSeq),
        );
      await tencent.until(() => numbers().length >= msgIds.length, toldMs);
      expect(numbers().sort((a, b) => a - b)).toEqual(msgIds.map((_, index) => index + 1));
      await tencent.close();
    },
    patientMs,
  );

  it(
    'sends to the same many users in another order at each node: none is refused, and each user has all of them',
    async () => {
      const users = Array.from({ length: 40 }, (_, n) => `reader-${n}`);
      const orders = [users, [...users].reverse(), [...users.slice(20), ...users.slice(0, 20)]];
      const rounds = 8;
      await Promise.all(
        apis().map(async (api, index) => {
          for (let n = 0; n < rounds; n += 1) {
            const message = { from: 'herald', to: orders[index], type: 'txt', body: { msg: 'hear' } };
            expect((await api.app('POST', '/messages/users', message)).status).toBe(200);
          }
        }),
      );
      for (const user of [users[0] ?? '', users[39] ?? '']) {
        expect(await anyApi().roaming(user, 'herald@easemob.com')).toHaveLength(3 * rounds);
      }
    },
    patientMs,
  );

  it(
    'one name, one user and one place in a group asked for at three nodes at once: one gets it, and the others hear that it is taken',
    async () => {
      const group = { groupname: 'g', public: true, maxusers: 90, owner: 'u1' };
      const made = await anyApi().app('POST', '/chatgroups', group);
      const { groupid } = made.body['data'] as { groupid: string };
      for (let n = 0; n < 8; n += 1) {
        const rule = { name: `wanted ${n}`, url: receiver.url, dialect: 'easemob', enabled: false };
        const rules = await everywhere((api) => api.admin('POST', '/callback-rules', rule));
        expect(statuses(rules)).toEqual([201, 409, 409]);
        const user = { username: `wanted-${n}`, nickname: 'w', password: 'p' };
        const users = await everywhere((api) => api.app('POST', '/users', user));
        expect(statuses(users)).toEqual([200, 400, 400]);
        const joined = await everywhere((api) => api.app('POST', `/chatgroups/${groupid}/users/wanted-${n}`));
        expect(statuses(joined)).toEqual([200, 403, 403]);
      }
    },
    patientMs,
  );

  /** All that roaming gives of a chat, page by page. */
  async function history(api: Api, user: string, queue: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (let start: unknown = -1; ;) {
      const page = { queue, start, end: -1, pull_number: 50 };
      const pulled = await api.app('POST', `/users/${user}/messageroaming`, page);
      const data = pulled.body['data'] as { msgs: { msg: string }[]; next_key: string; is_last: boolean };
      found.push(...data.msgs.map((msg) => JSON.stringify(msg)));
      if (data.is_last) return found;
      start = data.next_key;
    }
  }
});
