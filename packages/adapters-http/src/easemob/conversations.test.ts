import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

interface Channel {
  readonly session_to: string;
  readonly session_type: string;
  readonly channel_id: string;
  readonly unread_num: number;
  readonly meta: { readonly id?: string; readonly payload?: string };
}

/** As the web SDK writes its query: nothing encoded, `_v` last. */
async function list(user: string, query = 'limit=20&cursor=') {
  const url = `/sdk/user/${user}/user_channels/list?&${query}&need_mark=true&needEmptySession=false&_v=1`;
  const { status, body } = await easemob.call('GET', url, { token: easemob.userToken(user) });
  expect(status).toBe(200);
  const data = body['data'] as { readonly cursor: string; readonly channel_infos: readonly Channel[] };
  return { cursor: data.cursor, channels: data.channel_infos };
}

const payloadOf = (channel: Channel | undefined) =>
  JSON.parse(channel?.meta.payload ?? '{}') as { readonly bodies: readonly object[] };

/** A message as a client's own connection stores it. */
async function sendFromClient(to: string): Promise<void> {
  const { deps, app, clock } = easemob;
  await deps.loop.submit<'SendMessage'>([
    {
      type: 'SendMessage',
      app: app.no,
      msgId: deps.ids.next(),
      from: 'u1',
      to,
      chatKind: 'chat',
      content: { format: 'msync', payload: Buffer.from('from a client') },
      contentKind: 'txt',
      attachments: [],
      random: null,
      expiresAt: null,
      flags: {},
      directedTo: null,
      authority: 'app',
      retryKey: null,
      origin: { via: 'client', platform: 'Web', ip: '127.0.0.1' },
      originDevice: 'web_1',
      now: clock.now(),
    },
  ]);
}

describe('the list of the web SDK', () => {
  it('given a message, then its conversation is addressed by the peer, with unread and preview', async () => {
    const id = await easemob.send('u2');
    const { channels, cursor } = await list('u2');
    expect(cursor).toBe('');
    expect(channels).toMatchObject([
      {
        session_to: 'u1',
        session_type: 'chat',
        is_top: false,
        unread_num: 1,
        marks: [],
        meta: { id, from: 'acme#im_u1@easemob.com', to: 'acme#im_u2@easemob.com' },
      },
    ]);
    expect(payloadOf(channels[0])).toEqual({
      bodies: [{ msg: 'hello', type: 'txt' }],
      ext: {},
      from: 'u1',
      to: 'u2',
      type: 'chat',
    });
  });

  it('given a message that a client made, then both lists show it like one made over REST', async () => {
    await sendFromClient('u2');
    const old = await easemob.call('GET', '/users/u2/user_channels');
    const { channel_infos: infos } = old.body['data'] as { channel_infos: readonly Channel[] };
    for (const channel of [infos[0], (await list('u2')).channels[0]]) {
      expect(payloadOf(channel).bodies).toEqual([{ type: 'txt', msg: 'from a client' }]);
    }
  });

  it('given a custom message, then its fields are a list of maps here, and a map in the old list', async () => {
    const body = { customEvent: 'gift', customExts: { a: '1', b: '2' } };
    await easemob.send('u2', { type: 'custom', body });
    const { channels } = await list('u2');
    expect(payloadOf(channels[0]).bodies).toMatchObject([{ customExts: [{ a: '1' }, { b: '2' }] }]);
    const old = await easemob.call('GET', '/users/u2/user_channels');
    expect(old.text).toContain(String.raw`\"customExts\":{\"a\":\"1\",\"b\":\"2\"}`);
  });

  it('given that the last message was recalled, then the conversation stays, without a preview', async () => {
    await easemob.recall(await easemob.send('u2'));
    const { channels } = await list('u2');
    expect(channels).toMatchObject([{ session_to: 'u1', unread_num: 0, meta: {} }]);
    expect(channels[0]?.meta).toEqual({});
  });

  it('given more conversations than a page has, then the cursor leads through all of them, each once', async () => {
    for (const peer of ['a', 'b', 'c', 'd', 'e']) {
      easemob.clock.advance(1);
      await easemob.send(peer);
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list('u1', `limit=2&cursor=${cursor}`);
      expect(page.channels.length).toBeLessThanOrEqual(2);
      seen.push(...page.channels.map(({ session_to: to }) => to));
      cursor = page.cursor;
    } while (cursor !== '');
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a']);
  });

  it('given that pinned ones are asked for, then there are none', async () => {
    await easemob.send('u2');
    expect((await list('u2', 'limit=20&cursor=&is_top=true')).channels).toEqual([]);
  });

  it('given that the user has read the conversation, then nothing is unread', async () => {
    await easemob.send('u2');
    const { deps, app, clock } = easemob;
    await deps.loop.submit<'ReadConversation'>([
      {
        type: 'ReadConversation',
        app: app.no,
        user: 'u2',
        kind: 'chat',
        channel: 'u1',
        noticeId: deps.ids.next(),
        origin: { via: 'client', platform: 'Web', ip: '127.0.0.1' },
        originDevice: 'web_1',
        now: clock.now(),
      },
    ]);
    expect((await list('u2')).channels).toMatchObject([{ unread_num: 0 }]);
    await easemob.send('u2');
    expect((await list('u2')).channels).toMatchObject([{ unread_num: 1 }]);
  });

  it.each(['limit=0', 'limit=x', 'limit=99999', `cursor=${'x'.repeat(600)}`])(
    'given %s, then 400',
    async (query) => {
      const answer = await easemob.call('GET', `/sdk/user/u2/user_channels/list?${query}`);
      expect(answer.status).toBe(400);
    },
  );

  it('given another user’s token, then 401', async () => {
    const token = easemob.userToken('u1');
    expect((await easemob.call('GET', '/sdk/user/u2/user_channels/list', { token })).status).toBe(401);
  });
});

describe('counted pages', () => {
  it('given three conversations, then the second page of two has the last one', async () => {
    for (const peer of ['a', 'b', 'c']) {
      easemob.clock.advance(1);
      await easemob.send(peer);
    }
    const page = async (number: number) => {
      const path = `/users/u1/user_channels/page?pageNum=${number}&pageSize=2&_v=1`;
      const { body } = await easemob.call('GET', path);
      const { channel_infos: infos } = body['data'] as { channel_infos: readonly Channel[] };
      return infos.map(({ channel_id: id }) => id);
    };
    expect(await page(1)).toEqual(['acme#im_c@easemob.com', 'acme#im_b@easemob.com']);
    expect(await page(2)).toEqual(['acme#im_a@easemob.com']);
    expect(await page(3)).toEqual([]);
  });
});

describe('names that are odd', () => {
  it.each(['a b', 'ünïcode', '漢字', 'a%25b', 'a+b', 'a#b'])(
    'given the user %j, then its own list',
    async (raw) => {
      const user = raw.replace('%25', '%');
      await easemob.call('POST', '/messages/users', {
        body: { from: 'u1', to: [user], type: 'txt', body: { msg: 'hi' } },
      });
      const path = `/sdk/user/${encodeURIComponent(user)}/user_channels/list?&limit=20&cursor=&_v=1`;
      const { body } = await easemob.call('GET', path, { token: easemob.userToken(user) });
      expect(body['data']).toMatchObject({ channel_infos: [{ session_to: 'u1' }] });
    },
  );

  it.each(['%', 'a%zz', '%ff'])('given the broken name %s, then 400', async (raw) => {
    expect((await easemob.call('GET', `/sdk/user/${raw}/user_channels/list`)).status).toBe(400);
  });
});
