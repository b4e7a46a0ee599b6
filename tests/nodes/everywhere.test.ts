import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import type { Answer, Api } from '../support/api.js';
import { startNodes } from '../support/nodes.js';
import type { Nodes } from '../support/nodes.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';
import { credentials } from '../support/server.js';

/** What is made at a node holds at each other one for whatever is asked after its answer. */
describe.skipIf(findPostgres() === undefined)(
  'no node answers from what it remembers of before',
  { timeout: 60_000 },
  () => {
    let postgres: PostgresServer;
    let cluster: Nodes;
    let receiver: Receiver;

    beforeAll(async () => {
      postgres = await startPostgres();
      [cluster, receiver] = await Promise.all([startNodes(postgres, 3), startReceiver()]);
    });

    afterAll(async () => {
      await cluster.close();
      await receiver.close();
      await postgres.stop();
    });

    /** Three nodes in another order each time: where it is made, and where it is used at once. */
    function shuffled(): readonly [Api, Api, Api] {
      const [a, b, c] = cluster.nodes
        .map(({ api }) => ({ api, at: Math.random() }))
        .sort((one, other) => one.at - other.at)
        .map(({ api }) => api);
      if (a === undefined || b === undefined || c === undefined) throw new Error('there are three nodes');
      return [a, b, c];
    }

    async function times(count: number, act: (nodes: readonly [Api, Api, Api], n: number) => Promise<void>) {
      for (let n = 0; n < count; n += 1) await act(shuffled(), n);
    }

    const words = ({ status, body }: Answer) => [status, body['error_description']];

    it('race, recall policy at one node and recall at another: switched off, the very next recall is refused', async () => {
      await times(50, async ([made, used, other]) => {
        const msgId = await other.sendText('u1', 'u2', 'hello');
        await made.admin('PUT', '/recall-policy', { enabled: false, window_seconds: 120 });
        expect(words(await used.recall(msgId, 'u2'))).toEqual([403, 'message recall service is unopened']);
        await other.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 120 });
        expect((await made.recall(msgId, 'u2')).status).toBe(200);
      });
    });

    it('race, window at one node and recall at another: a message that is too old now is too old at once', async () => {
      const [first] = shuffled();
      const msgIds: string[] = [];
      for (let n = 0; n < 40; n += 1) msgIds.push(await first.sendText('u1', 'u2', 'hello'));
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await times(msgIds.length, async ([made, used, other], n) => {
        const msgId = msgIds[n] ?? '';
        await made.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 1 });
        expect(words(await used.recall(msgId, 'u2'))).toEqual([403, 'exceed recall time limit']);
        await used.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 120 });
        expect((await other.recall(msgId, 'u2')).status).toBe(200);
      });
    });

    it('race, callback rule at one node and recall at another: made, the next recall is delivered; switched off or removed, it is not', async () => {
      const deliveries = async (api: Api, rule: string) =>
        (await api.admin('GET', `/deliveries?rule_id=${rule}`)).body['entities'] as readonly unknown[];
      const recallAt = async (api: Api) => {
        const msgId = await api.sendText('u1', 'u2', 'hello');
        expect((await api.recall(msgId, 'u2')).status).toBe(200);
      };
      await times(25, async ([made, used, other], n) => {
        const rule = { name: `rule ${n}`, url: receiver.url, dialect: 'easemob', chat_types: ['chat'] };
        const { id } = (await made.admin('POST', '/callback-rules', rule)).body as { id: string };
        await recallAt(used);
        expect(await deliveries(other, id)).toHaveLength(1);

        await used.admin('PATCH', `/callback-rules/${id}`, { enabled: false });
        await recallAt(other);
        expect(await deliveries(made, id)).toHaveLength(1);

        await other.admin('PATCH', `/callback-rules/${id}`, { enabled: true });
        await recallAt(made);
        expect(await deliveries(used, id)).toHaveLength(2);

        await made.admin('DELETE', `/callback-rules/${id}`);
        await recallAt(used);
        expect(await deliveries(other, id)).toHaveLength(2);
      });
    });

    it('race, app at one node and login at another: its credentials and its tokens are good everywhere', async () => {
      await times(60, async ([made, used, other], n) => {
        const created = await fetch(
          `${urlOf(made)}/admin/v1/apps`,
          post(credentials.rootToken, { org: 'new', app: `app-${n}` }),
        );
        expect(created.status).toBe(201);
        const { client_id, client_secret } = (await created.json()) as Record<string, string>;
        const grant = { grant_type: 'client_credentials', client_id, client_secret };
        const login = await fetch(`${urlOf(used)}/new/app-${n}/token`, post(undefined, grant));
        expect(login.status).toBe(200);
        const { access_token } = (await login.json()) as { access_token: string };
        const message = { from: 'u1', to: ['u2'], type: 'txt', body: { msg: 'hello' } };
        const sent = await fetch(`${urlOf(other)}/new/app-${n}/messages/users`, post(access_token, message));
        expect(sent.status).toBe(200);
      });
    });

    it('race, user at one node and login at another: each knows the user, and the token', async () => {
      await times(6, async ([made, used, other], n) => {
        const username = `user-${n}`;
        expect((await made.app('POST', '/users', { username, password: 'p' })).status).toBe(200);
        const login = await used.app('POST', '/token', { grant_type: 'password', username, password: 'p' });
        expect(login.status).toBe(200);
        const token = String(login.body['access_token']);
        expect((await other.app('GET', `/users/${username}/user_channels`, undefined, token)).status).toBe(
          200,
        );
        expect((await other.app('POST', '/users', { username, password: 'p' })).body['error']).toBe(
          'duplicate_unique_property_exists',
        );
      });
    });

    it('race, group at one node and its members at another: who joined is in it, who left is not', async () => {
      await times(40, async ([made, used, other], n) => {
        const group = { groupname: 'team', public: true, maxusers: 200, owner: `owner-${n}`, members: [] };
        const created = await made.app('POST', '/chatgroups', group);
        const { groupid } = created.body['data'] as { groupid: string };
        const member = `/chatgroups/${groupid}/users/member-${n}`;
        const joined = async (api: Api) =>
          (await api.app('GET', `/users/member-${n}/joined_chatgroups`)).body['data'] as readonly unknown[];

        expect((await used.app('POST', member)).status).toBe(200);
        expect(await joined(other)).toHaveLength(1);
        expect((await other.app('DELETE', member)).status).toBe(200);
        expect(await joined(made)).toHaveLength(0);

        const message = { from: `owner-${n}`, to: [groupid], type: 'txt', body: { msg: 'hello' } };
        const sent = await used.app('POST', '/messages/chatgroups', message);
        const msgId = (sent.body['data'] as Record<string, string>)[groupid] ?? '';
        expect((await other.recall(msgId, groupid, { chat_type: 'groupchat' })).status).toBe(200);
      });
    });

    it('race, message at one node and everything about it at another: history, list, recall', async () => {
      await times(60, async ([made, used, other], n) => {
        const [from, to] = [`anna-${n}`, `ben-${n}`];
        const msgId = await made.sendText(from, to, 'hello');
        expect(await used.roaming(to, `${from}@easemob.com`)).toHaveLength(1);
        expect((await other.recall(msgId, to)).status).toBe(200);
        expect(await made.roaming(to, `${from}@easemob.com`)).toHaveLength(0);
        expect(words(await used.recall(msgId, to))).toEqual([403, 'not_found msg']);
      });
    });

    const urlOf = (api: Api) => new URL(api.appUrl).origin;

    function post(token: string | undefined, body: object): RequestInit {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { 'content-type': 'application/json', ...authorization };
      return { method: 'POST', headers, body: JSON.stringify(body) };
    }
  },
);
