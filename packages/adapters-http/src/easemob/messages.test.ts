import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const text = { from: 'u1', to: ['u2'], type: 'txt', body: { msg: 'hello' } };

const send = (body: unknown, kind = 'users') => easemob.call('POST', `/messages/${kind}`, { body });

async function storedOf(msgId: string): Promise<string> {
  const contents = await easemob.storage.contents.read(easemob.app.no, [msgId]);
  return Buffer.from(contents.get(msgId)?.payload ?? []).toString();
}

async function pull(user: string, body: object): Promise<Record<string, unknown>> {
  const answer = await easemob.call('POST', `/users/${user}/messageroaming`, { body });
  return answer.body['data'] as Record<string, unknown>;
}

/** The ids of the messages that a page of roaming has, as the fake codec writes them. */
function idsOf(data: Record<string, unknown>): readonly string[] {
  const msgs = data['msgs'] as readonly { readonly msg: string }[];
  return msgs.map(({ msg }) => Buffer.from(msg, 'base64').toString().split(' ')[0] ?? '');
}

describe('sending', () => {
  it('given several receivers, then each has an id of its own, as a text, in one unit', async () => {
    const answer = await send({ ...text, to: ['u2', 'u3', 'u2'] });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ path: '/messages/users', action: 'post' });
    const data = answer.body['data'] as Record<string, string>;
    expect(Object.keys(data)).toEqual(['u2', 'u3']);
    const streams = await Promise.all(
      Object.values(data).map((id) => easemob.storage.log.ofStream(easemob.app.no, `message/${id}`)),
    );
    expect(new Set(streams.flat().map(({ commandId }) => commandId)).size).toBe(1);
  });

  it.each([
    ['txt', { msg: '你好 \u0007' }],
    [
      'img',
      {
        filename: 'a.png',
        secret: 's',
        url: 'https://elsewhere.example/a.png',
        size: { width: 1, height: 2 },
      },
    ],
    ['audio', { filename: 'a.amr', secret: 's', length: 3, url: 'x' }],
    ['video', { thumb: 't', length: 3, secret: 's', file_length: 9, thumb_secret: 't', url: 'x' }],
    ['file', { filename: 'a.pdf', secret: 's', url: 'x' }],
    ['loc', { lat: '39.9', lng: '116.3', addr: '北京' }],
    ['cmd', { action: 'typing' }],
    ['custom', { customEvent: 'gift', customExts: { a: '1' } }],
  ])('given a %s message, then it is stored as sent', async (type, body) => {
    const msgId = await easemob.send('u2', { type, body, ext: { k: [1] } });
    expect(await storedOf(msgId)).toBe(JSON.stringify({ type, body, ext: { k: [1] } }));
  });

  it('given the messages’ retention, then the message ends with it; given ROUTE_ONLINE, then it is never history', async () => {
    easemob = await startEasemobServer({ settings: { messageRetentionMs: 1000 } });
    const kept = await easemob.send('u2');
    const [sent] = await easemob.storage.log.ofStream(easemob.app.no, `message/${kept}`);
    expect(sent?.data).toMatchObject({ expiresAt: easemob.clock.now() + 1000 });
    await easemob.send('u2', { routetype: 'ROUTE_ONLINE' });
    expect(idsOf(await pull('u2', { queue: 'u1@easemob.com' }))).toEqual([kept]);
  });

  it.each([
    [{ from: '' }, "param from can't be empty"],
    [{ to: [] }, "param to can't be empty"],
    [{ to: null }, "param to can't be empty"],
    [{ type: '' }, "param type can't be empty"],
    [{ body: null }, "param body can't be empty"],
    [{ body: {} }, "param body can't be empty"],
    [{ ext: 'x' }, 'param ext must be JSONObject'],
    [{ ext: null }, 'param ext must be JSONObject'],
    [{ to: Array.from({ length: 601 }, (_, i) => `u${i}`) }, "params to's size can't exceed limit 600"],
    [{ body: { msg: 'x'.repeat(5_120) } }, 'message is too large'],
  ])('given %j, then 400 message_send_error', async (more, description) => {
    const answer = await send({ ...text, ...more });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: 'message_send_error',
      exception: 'MessageSendException',
      error_description: description,
    });
  });

  it.each([
    [{ to: 'u2' }],
    [{ to: [2] }],
    [{ to: ['x'.repeat(65)] }],
    [{ to: ['\ud800'] }],
    [{ type: 'poem' }],
    [{ body: 'hello' }],
    [{ from: 7 }],
  ])('given %j, then 400 invalid_request_body', async (more) => {
    const answer = await send({ ...text, ...more });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: 'invalid_request_body' });
  });

  it.each([
    ['users', 600],
    ['chatgroups', 3],
    ['chatrooms', 10],
  ])('given as many %s as one call may have, then all get it; one more and none does', async (kind, max) => {
    const receivers = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);
    const most = await send({ ...text, to: receivers(max) }, kind);
    expect(Object.keys(most.body['data'] as object)).toHaveLength(max);
    expect((await send({ ...text, to: receivers(max + 1) }, kind)).status).toBe(400);
  });

  it('given 5 KB of body and extension exactly, then it is sent', async () => {
    const frame = Buffer.byteLength('{"msg":""}') + Buffer.byteLength('{}');
    expect((await send({ ...text, body: { msg: 'x'.repeat(5_120 - frame) } })).status).toBe(200);
    expect((await send({ ...text, body: { msg: 'x'.repeat(5_121 - frame) } })).status).toBe(400);
  });
});

describe('the conversation list', () => {
  it('given a message, then both sides list it with its preview, unread on the receiver’s side', async () => {
    const msgId = await easemob.send('u2', { ext: { k: 'v' } });
    const { body } = await easemob.call('GET', '/users/u2/user_channels', { token: easemob.userToken('u2') });
    expect(body['data']).toEqual({
      channel_infos: [
        {
          channel_id: 'acme#im_u1@easemob.com',
          unread_num: 1,
          meta: {
            id: msgId,
            from: 'acme#im_u1@easemob.com',
            to: 'acme#im_u2@easemob.com',
            timestamp: easemob.clock.now(),
            payload: JSON.stringify({
              bodies: [{ msg: 'hello', type: 'txt' }],
              ext: { k: 'v' },
              from: 'u1',
              to: 'u2',
              type: 'chat',
            }),
          },
        },
      ],
    });
  });

  it('given that its only message was recalled, then the conversation stays without a preview', async () => {
    const msgId = await easemob.send('u2');
    await easemob.recall(msgId);
    const { body } = await easemob.call('GET', '/users/u2/user_channels');
    expect(body['data']).toEqual({
      channel_infos: [{ channel_id: 'acme#im_u1@easemob.com', unread_num: 0, meta: {} }],
    });
  });
});

describe('roaming', () => {
  it('given more than a page, then next_key leads through all of it in either direction', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.push(await easemob.send('u2'));
      easemob.clock.advance(1000);
    }
    for (const forward of [true, false]) {
      const seen: string[] = [];
      let start: unknown = -1;
      for (let last = false; !last;) {
        const data = await pull('u2', {
          queue: 'u1@easemob.com',
          start,
          pull_number: 2,
          is_positive: forward,
        });
        seen.push(...idsOf(data));
        start = data['next_key'];
        last = data['is_last'] as boolean;
      }
      expect(seen).toEqual(forward ? ids : ids.toReversed());
    }
  });

  it('given a filter of types and times, then only what fits', async () => {
    await easemob.send('u2');
    easemob.clock.advance(1000);
    const at = easemob.clock.now();
    const image = await easemob.send('u2', { type: 'img', body: { url: 'x' } });
    const from = { queue: 'u1@easemob.com' };
    expect(idsOf(await pull('u2', { ...from, msgType: 'img,video' }))).toEqual([image]);
    expect(idsOf(await pull('u2', { ...from, startTime: at, endTime: at }))).toEqual([image]);
    expect(idsOf(await pull('u2', { ...from, endTime: at - 1001 }))).toEqual([]);
  });

  it('given a group, then its members pull it and strangers do not; the appkey may stand before the name', async () => {
    const made = await easemob.call('POST', '/chatgroups', {
      body: { groupname: 'g', public: true, owner: 'u1', members: ['u2'] },
    });
    const group = (made.body['data'] as { groupid: string }).groupid;
    await send({ ...text, to: [group] }, 'chatgroups');
    const queue = `acme#im_${group}@conference.easemob.com`;
    expect(idsOf(await pull('u2', { queue }))).toHaveLength(1);
    expect(idsOf(await pull('u3', { queue }))).toHaveLength(0);
  });

  it.each([{}, { queue: 'u1' }, { queue: '@easemob.com' }, { queue: 'u1@evil.example' }, { queue: 5 }])(
    'given %j, then 400',
    async (body) => {
      const answer = await easemob.call('POST', '/users/u2/messageroaming', { body });
      expect(answer.status).toBe(400);
    },
  );

  it('given a foreign cursor, then the pull starts at the start', async () => {
    const msgId = await easemob.send('u2');
    const start = '\u0000{"no":"cursor"}';
    expect(idsOf(await pull('u2', { queue: 'u1@easemob.com', start }))).toEqual([msgId]);
  });
});
