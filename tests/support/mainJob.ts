import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from './api.js';
import type { Api } from './api.js';
import { startReceiver } from './receiver.js';
import type { ReceivedCallback, Receiver } from './receiver.js';
import type { RunningServer } from './server.js';
import { makeGroup } from './takenBack.js';

const easemobSecret = 'easemob-rule-secret';
const tencentSecret = 'tencent-rule-secret';

/** A running server in an environment of its own. */
interface MainJobServer {
  readonly server: RunningServer;
  /** Ends it, and what it stores with it. */
  close(): Promise<void>;
}

/** The main job through HTTP alone, the same in every environment. */
export function describeMainJob(environment: string, start: () => Promise<MainJobServer>): void {
  describe(`the main job, from outside, on ${environment}`, () => {
    let running: MainJobServer;
    let easemob: Receiver;
    let tencent: Receiver;
    let api: Api;

    beforeAll(async () => {
      running = await start();
      [easemob, tencent] = await Promise.all([startReceiver(), startReceiver()]);
      api = await createApi(running.server.url);
      const chat_types = ['chat', 'groupchat', 'chatroom'];
      const rules = [
        {
          name: 'easemob',
          url: easemob.url,
          dialect: 'easemob',
          secret: easemobSecret,
          chat_types,
          enabled: true,
        },
        {
          name: 'tencent',
          url: tencent.url,
          dialect: 'tencent',
          secret: tencentSecret,
          chat_types,
          enabled: true,
        },
      ];
      for (const rule of rules) expect((await api.admin('POST', '/callback-rules', rule)).status).toBe(201);
    });

    afterAll(async () => {
      await running.close();
      await Promise.all([easemob.close(), tencent.close()]);
    });

    it('given a message to a user, when it is recalled, then history loses it and both vendors’ receivers are told', async () => {
      const msgId = await api.sendText('u1', 'u2', 'said too much');
      expect(await api.roaming('u2', 'u1@easemob.com')).toHaveLength(1);

      const recalled = await api.recall(msgId, 'u2', { from: 'u1' });

      expect(recalled.status).toBe(200);
      expect(Object.keys(recalled.body)).toEqual([
        'path',
        'uri',
        'timestamp',
        'organization',
        'application',
        'action',
        'data',
        'duration',
        'applicationName',
      ]);
      expect(recalled.body['data']).toEqual({
        recalled: 'yes',
        chattype: 'chat',
        from: 'u1',
        to: 'u2',
        msg_id: msgId,
      });
      expect(await api.roaming('u2', 'u1@easemob.com')).toHaveLength(0);

      const toEasemob = await callbackFor(easemob, ({ body }) => body['recall_id'] === msgId);
      expect(toEasemob.body).toMatchObject({
        chat_type: 'recall',
        payload: { ext: {}, ack_message_id: msgId, bodies: [] },
        appkey: 'acme#im',
        from: 'u1',
        to: 'u2',
        eventType: 'chat',
        securityVersion: '1.0.0',
      });
      const { callId, timestamp, msg_id: recallId, security } = toEasemob.body;
      expect(callId).toBe(`acme#im_${String(recallId)}`);
      expect(recallId).not.toBe(msgId);
      expect(security).toBe(
        createHash('md5')
          .update(`${String(callId)}${easemobSecret}${String(timestamp)}`)
          .digest('hex'),
      );

      const toTencent = await callbackFor(
        tencent,
        ({ body }) =>
          body['CallbackCommand'] === 'C2C.CallbackAfterMsgWithDraw' && body['To_Account'] === 'u2',
      );
      expect(toTencent.body).toMatchObject({ From_Account: 'u1', UnreadMsgNum: 0 });
      expect(toTencent.body['MsgKey']).toMatch(/^1_\d+_\d+$/);
      expectTencentQuery(toTencent, 'C2C.CallbackAfterMsgWithDraw');
    });

    it('given a group message, when it is recalled, then the callbacks name the group and its MsgSeq', async () => {
      const groupId = await makeGroup(api);
      await api.app('POST', '/messages/chatgroups', {
        from: 'u1',
        to: [groupId],
        type: 'txt',
        body: { msg: 'first' },
      });
      const sent = await api.app('POST', '/messages/chatgroups', {
        from: 'u1',
        to: [groupId],
        type: 'txt',
        body: { msg: 'second' },
      });
      const msgId = (sent.body['data'] as Record<string, string>)[groupId] ?? '';

      expect((await api.recall(msgId, groupId, { chat_type: 'groupchat' })).status).toBe(200);

      const toEasemob = await callbackFor(easemob, ({ body }) => body['recall_id'] === msgId);
      expect(toEasemob.body).toMatchObject({
        group_id: groupId,
        to: groupId,
        from: 'u1',
        chat_type: 'recall',
      });
      const toTencent = await callbackFor(tencent, ({ body }) => body['GroupId'] === groupId);
      expect(Object.entries(toTencent.body)).toEqual([
        ['CallbackCommand', 'Group.CallbackAfterRecallMsg'],
        ['Operator_Account', 'admin'],
        ['Type', 'Public'],
        ['GroupId', groupId],
        ['MsgSeqList', [{ MsgSeq: 2 }]],
      ]);
      expectTencentQuery(toTencent, 'Group.CallbackAfterRecallMsg');
    });

    it('given a recalled image, then its file is gone', async () => {
      const form = new FormData();
      form.append('file', new Blob([Buffer.alloc(20_000, 'image-bytes ')], { type: 'image/png' }), 'cat.png');
      const { url, secret = '' } = await api.upload(form, { 'restrict-access': 'true' });
      const download = () => fetch(url, { headers: { 'share-secret': secret } });
      expect((await download()).status).toBe(200);
      const msgId = await api.sendImage({ filename: 'cat.png', secret, url });

      expect((await api.recall(msgId, 'u2')).status).toBe(200);

      const gone = await download();
      expect(gone.status).toBe(404);
      expect(await gone.json()).toMatchObject({
        error: 'entity_not_found',
        error_description: 'file may not exists',
      });
    });

    it('given a conversation, when one side deletes it, then the other side keeps it and a new message brings it back', async () => {
      await api.sendText('anna', 'ben', 'hello');
      const gone = await api.app('DELETE', '/users/anna/user_channel', {
        channel: 'ben',
        type: 'chat',
        delete_roam: true,
      });
      expect(gone.body).toMatchObject({ path: '/users/user_channel', entities: [], data: { result: 'ok' } });

      expect(await channels('anna')).toEqual([]);
      expect(await api.roaming('anna', 'ben@easemob.com')).toEqual([]);
      expect(await channels('ben')).toEqual(['acme#im_anna@easemob.com']);
      expect(await api.roaming('ben', 'anna@easemob.com')).toHaveLength(1);

      await api.sendText('ben', 'anna', 'are you there?');
      expect(await channels('anna')).toEqual(['acme#im_ben@easemob.com']);
      expect(await api.roaming('anna', 'ben@easemob.com')).toHaveLength(1);
    });

    it('given a recall, then its audit trail tells who did it and holds no content', async () => {
      const msgId = await api.sendText('u1', 'u2', 'audited-content');
      await api.recall(msgId, 'u2', { from: 'u1', recallMessageExtensionInfo: 'secret-extension' });

      const trail = await api.admin('GET', `/messages/${msgId}/events`);

      expect(trail.body['entities']).toMatchObject([
        { type: 'MessageSent', actor: 'u1' },
        { type: 'MessageRecalled', actor: 'u1' },
      ]);
      expect(trail.text).not.toMatch(/audited-content|secret-extension/);
    });

    async function channels(user: string): Promise<readonly string[]> {
      const list = await api.app('GET', `/users/${user}/user_channels`);
      return (list.body['data'] as { channel_infos: { channel_id: string }[] }).channel_infos.map(
        (info) => info.channel_id,
      );
    }
  });
}

async function callbackFor(
  receiver: Receiver,
  matches: (callback: ReceivedCallback) => boolean,
): Promise<ReceivedCallback> {
  await receiver.until((received) => received.some(matches));
  const found = receiver.received.filter(matches);
  expect(found).toHaveLength(1);
  return found[0] as ReceivedCallback;
}

function expectTencentQuery({ url }: ReceivedCallback, command: string): void {
  const query = Object.fromEntries(url.searchParams);
  expect(query).toMatchObject({
    SdkAppid: '1400000000',
    CallbackCommand: command,
    contenttype: 'json',
    ClientIP: '127.0.0.1',
    OptPlatform: 'RESTAPI',
  });
  expect(query['Sign']).toBe(
    createHash('sha256')
      .update(`${tencentSecret}${query['RequestTime'] ?? ''}`)
      .digest('hex'),
  );
}
