import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from './support/api.js';
import type { Api } from './support/api.js';
import { startReceiver } from './support/receiver.js';
import type { ReceivedCallback, Receiver } from './support/receiver.js';
import { startServer, temporaryFolder } from './support/server.js';
import type { RunningServer } from './support/server.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let api: Api;
let receiver: Receiver;

beforeAll(async () => {
  folder = await temporaryFolder();
  await restart();
});

afterAll(async () => {
  await receiver.close();
  await server.stop();
  await folder.remove();
});

beforeEach(async () => {
  const { body } = await api.admin('GET', '/callback-rules');
  for (const { id } of body['entities'] as readonly { id: string }[]) {
    await api.admin('DELETE', `/callback-rules/${id}`);
  }
  await (receiver as Receiver | undefined)?.close();
  receiver = await startReceiver();
});

async function restart(): Promise<void> {
  await (server as RunningServer | undefined)?.stop('SIGKILL');
  server = await startServer(folder.dir);
  api = await createApi(server.url);
}

async function addRule(rule: object): Promise<string> {
  const made = await api.admin('POST', '/callback-rules', { name: 'rule', url: receiver.url, ...rule });
  expect(made.status, made.text).toBe(201);
  return String(made.body['id']);
}

const change = (id: string, body: object) => api.admin('PATCH', `/callback-rules/${id}`, body);

async function recallOne(to = 'u2'): Promise<string> {
  const msgId = await api.sendText('u1', to, 'soon gone');
  expect((await api.recall(msgId, to)).status).toBe(200);
  return msgId;
}

async function deliveries(query = ''): Promise<readonly Record<string, unknown>[]> {
  const { body } = await api.admin('GET', `/deliveries${query}`);
  return body['entities'] as readonly Record<string, unknown>[];
}

/** As Standard Webhooks describes it: any of the signatures in the header may be the one. */
function isSignedWith(secret: string, { headers, text }: ReceivedCallback): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
  const wanted = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(wanted);
}

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

describe('a native rule', () => {
  it('hears of all four events, signed, each under its own id', async () => {
    const secret = newSecret();
    await addRule({ dialect: 'native', secret });
    const form = new FormData();
    form.append('file', new Blob(['an image'], { type: 'image/png' }), 'cat.png');
    const { url, uuid } = await api.upload(form);
    const msgId = await api.sendImage({ filename: 'cat.png', url });
    await api.recall(msgId, 'u2');
    await api.sendText('u1', 'u2', 'one more');
    await api.app('DELETE', '/users/u2/user_channel', { channel: 'u1', type: 'chat', delete_roam: true });
    await api.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 300 });

    await receiver.until((received) => received.length === 4);

    const byType = new Map(receiver.received.map((each) => [each.body['type'], each]));
    expect(byType.get('message.recalled')?.body).toMatchObject({
      specversion: '1.0',
      data: { appkey: 'acme#im', msg_id: msgId, chat_type: 'chat', from: 'u1', to: 'u2', forced: false },
    });
    expect(byType.get('attachment.purged')?.body['data']).toEqual({
      appkey: 'acme#im',
      file_uuid: uuid,
      msg_id: msgId,
    });
    expect(byType.get('conversation.deleted')?.body).toMatchObject({
      data: { username: 'u2', channel: 'u1', type: 'chat', delete_roam: true },
    });
    expect(byType.get('recall_policy.changed')?.body).toMatchObject({
      data: { enabled: true, window_seconds: 300, version: 1 },
    });
    expect(receiver.received.every((each) => isSignedWith(secret, each))).toBe(true);
    expect(receiver.received.every(({ headers, body }) => headers['webhook-id'] === body['id'])).toBe(true);
    expect(new Set(receiver.received.map(({ body }) => body['id'])).size).toBe(4);
  });

  it('whose secret rotates signs with both, and with the new one alone when told so', async () => {
    const [first, second, third] = [newSecret(), newSecret(), newSecret()];
    const id = await addRule({ dialect: 'native', secret: first });
    await change(id, { secret: second });
    await recallOne();
    await receiver.until((received) => received.length === 1);
    await change(id, { secret: third, secret_overlap_seconds: 0 });
    await recallOne();
    await receiver.until((received) => received.length === 2);

    const signers = receiver.received.map((each) =>
      [first, second, third].map((secret) => isSignedWith(secret, each)),
    );
    expect(signers).toEqual([
      [true, true, false],
      [false, false, true],
    ]);
  });
});

describe('deliveries', () => {
  it('that fail go to where the rule points by then, under one id, and show each attempt', async () => {
    receiver.answer(500);
    const id = await addRule({ dialect: 'easemob' });
    const msgId = await recallOne();
    await receiver.until((received) => received.length === 1);
    const second = await startReceiver();
    await change(id, { url: second.url });
    await second.until((received) => received.length === 1);

    expect(second.received[0]?.text).toBe(receiver.received[0]?.text);
    expect(second.received[0]?.body['recall_id']).toBe(msgId);
    const delivered = `?status=delivered&rule_id=${id}`;
    await expect.poll(() => deliveries(delivered)).toHaveLength(1);
    const [delivery] = await deliveries(delivered);
    const shown = await api.admin('GET', `/deliveries/${encodeURIComponent(String(delivery?.['id']))}`);
    expect(shown.body).toMatchObject({
      request_body: receiver.received[0]?.text,
      attempt_log: [
        { status: 500, request: { url: receiver.url } },
        { status: 200, request: { url: second.url } },
      ],
    });
    await second.close();
  });

  it('are held while their rule is disabled', async () => {
    receiver.answer(500);
    const id = await addRule({ dialect: 'easemob' });
    await recallOne();
    await receiver.until((received) => received.length === 1);
    await change(id, { enabled: false });
    receiver.answer(200);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(receiver.received).toHaveLength(1);

    await change(id, { enabled: true });
    await receiver.until((received) => received.length === 2);
  });

  it('of an ordered rule come one after the other within a conversation, and beside another one', async () => {
    receiver.answer(500);
    await addRule({ dialect: 'easemob', ordered: true });
    const first = await recallOne('u2');
    const second = await recallOne('u2');
    await receiver.until((received) => received.length === 1);
    const other = await recallOne('u3');
    await receiver.until((received) => received.some(({ body }) => body['recall_id'] === other));
    expect(receiver.received.map(({ body }) => body['recall_id'])).not.toContain(second);

    receiver.answer(200);
    await receiver.until((received) => received.some(({ body }) => body['recall_id'] === second));
    const ids = receiver.received.map(({ body }) => body['recall_id']);
    expect(ids.lastIndexOf(first)).toBeLessThan(ids.indexOf(second));
  });

  it('since a time are all sent again by one job, under their ids, across a kill', async () => {
    const rule = await addRule({ dialect: 'easemob' });
    const since = Date.now();
    for (let n = 0; n < 20; n += 1) await recallOne();
    await receiver.until((received) => received.length === 20);
    await expect.poll(() => deliveries(`?status=delivered&rule_id=${rule}`)).toHaveLength(20);

    const job = await api.admin('POST', '/redeliveries', { since });
    await restart();
    await receiver.until((received) => received.length >= 40, 60_000);

    expect(job.status).toBe(202);
    const ids = new Map<unknown, number>();
    for (const { body } of receiver.received) ids.set(body['callId'], (ids.get(body['callId']) ?? 0) + 1);
    expect(ids.size).toBe(20);
    await expect
      .poll(async () => (await api.admin('GET', `/redeliveries/${String(job.body['id'])}`)).body)
      .toMatchObject({ status: 'done', queued: 20 });
  }, 90_000);

  it('are tried out by a test callback in every dialect', async () => {
    const rules = await Promise.all(
      ['easemob', 'tencent', 'native'].map((dialect) =>
        addRule({ name: dialect, dialect, url: `${receiver.url}?${dialect}` }),
      ),
    );
    for (const id of rules) {
      expect(await api.admin('POST', `/callback-rules/${id}/test`)).toMatchObject({
        status: 202,
        body: { rule_id: id, status: 'pending' },
      });
    }
    await receiver.until((received) => received.length === 3);
    const names = receiver.received.map(
      ({ body }) => body['chat_type'] ?? body['CallbackCommand'] ?? body['type'],
    );
    expect(names.toSorted()).toEqual(['Group.CallbackAfterRecallMsg', 'callback_rule.tested', 'recall']);
  });
});
