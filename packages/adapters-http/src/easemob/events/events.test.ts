import { Unavailable } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startEasemobServer } from '../../testing/easemobServer.js';
import type { EasemobServer } from '../../testing/easemobServer.js';
import { listen } from '../../testing/eventStreams.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer({ streamsMax: 20 });
});
afterEach(() => easemob.server.close());

const at = (user: string, query = '') => `/users/${user}/events${query}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

interface Polled {
  readonly events: readonly {
    readonly id: string;
    readonly event: string;
    readonly data: Record<string, unknown>;
  }[];
  readonly last_event_id: string;
}

async function poll(user: string, query: string): Promise<Polled> {
  const { status, body, text } = await easemob.call('GET', at(user, `?${query}`));
  expect(status, text).toBe(200);
  return body as unknown as Polled;
}

/** Everything that a user was ever told. */
const all = (user: string) => poll(user, 'wait=0&last_event_id=0');

const stream = (user: string, query = '', headers: Record<string, string> = {}) =>
  listen(easemob, `/acme/im${at(user, query)}`, { ...bearer(easemob.userToken(user)), ...headers });

/** Lets this node's streams hear of what was recorded. */
async function hear(): Promise<void> {
  while (await easemob.deps.live.step());
}

async function endSessions(device: string | null): Promise<void> {
  const command = { type: 'EndSessions', app: easemob.app.no, user: 'u2', device, session: null } as const;
  await easemob.deps.loop.submit([{ ...command, reason: 'kicked', by: 'admin', now: easemob.clock.now() }]);
  await hear();
}

describe('what is told', () => {
  it('given a message, then both its users get it in the fields of previews', async () => {
    const msgId = await easemob.send('u2', { ext: { shop: 7 }, sync_device: true });

    const expected = {
      event: 'message',
      data: {
        msg_id: msgId,
        chat_type: 'chat',
        from: 'u1',
        to: 'u2',
        timestamp: easemob.clock.now(),
        bodies: [{ msg: 'hello', type: 'txt' }],
        ext: { shop: 7 },
      },
    };
    expect((await all('u2')).events).toMatchObject([expected]);
    expect((await all('u1')).events).toMatchObject([expected]);
    expect((await all('u3')).events).toEqual([]);
  });

  it('given a recall with an extension, then the message is gone and the recall says which', async () => {
    const msgId = await easemob.send('u2');
    await easemob.recall(msgId, { from: 'u1', recallMessageExtensionInfo: 'typo' });

    const { events } = await all('u2');

    expect(events).toEqual([
      {
        id: expect.stringMatching(/^\d+$/),
        event: 'recall',
        data: {
          msg_id: msgId,
          recall_id: expect.stringMatching(/^\d+$/),
          chat_type: 'chat',
          from: 'u1',
          to: 'u2',
          recalled_by: 'u1',
          timestamp: easemob.clock.now(),
          ext: 'typo',
        },
      },
    ]);
  });

  it('given a recall for the receivers only, then the sender’s stream does not tell it', async () => {
    const msgId = await easemob.send('u2');
    await easemob.recall(msgId, { from: 'u1', sync_device: false });

    expect((await all('u2')).events).toMatchObject([{ event: 'recall', data: { msg_id: msgId } }]);
    expect((await all('u1')).events).toEqual([]);
  });

  it('given a deleted conversation, then its user alone is told', async () => {
    const msgId = await easemob.send('u2', { sync_device: true });
    await easemob.call('DELETE', '/users/u2/user_channel', {
      body: { channel: 'u1', type: 'chat', delete_roam: false },
    });

    const { events } = await all('u2');

    expect(events.at(-1)).toMatchObject({
      event: 'conversation_deleted',
      data: { username: 'u2', channel: 'u1', type: 'chat', delete_roam: false },
    });
    expect((await all('u1')).events).toMatchObject([{ event: 'message', data: { msg_id: msgId } }]);
  });

  it('given a group’s message, then it names the group', async () => {
    const group = { public: true, owner: 'u1', members: ['u2'], groupname: 'g', desc: '', groupid: 'g1' };
    const made = await easemob.call('POST', '/chatgroups', { body: group });
    const { groupid: groupId } = made.body['data'] as { readonly groupid: string };
    const body = { from: 'u1', to: [groupId], type: 'txt', body: { msg: 'hello' } };
    await easemob.call('POST', '/messages/chatgroups', { body });

    expect((await all('u2')).events).toMatchObject([
      { data: { chat_type: 'groupchat', from: 'u1', to: groupId, group_id: groupId } },
    ]);
    expect((await all('u3')).events).toEqual([]);
  });
});

describe('a long poll', () => {
  it('given nothing, when something comes, then it answers at once and the next one goes on from there', async () => {
    const { last_event_id: from } = await poll('u2', 'wait=0');
    const waiting = poll('u2', `wait=60&last_event_id=${from}`);
    await vi.waitFor(() => expect(easemob.deps.streams.taken()).toBe(1));
    const msgId = await easemob.send('u2');
    await hear();

    const { events, last_event_id: next } = await waiting;

    expect(events).toMatchObject([{ event: 'message', data: { msg_id: msgId } }]);
    expect(await poll('u2', `wait=0&last_event_id=${next}`)).toEqual({ events: [], last_event_id: next });
  });

  it('given more than its limit, then pages follow each other with nothing lost or told twice', async () => {
    const sent = [await easemob.send('u2'), await easemob.send('u2'), await easemob.send('u2')];
    const got: unknown[] = [];

    let from = '0';
    for (let page = 0; page < 2; page += 1) {
      const { events, last_event_id } = await poll('u2', `wait=0&limit=2&last_event_id=${from}`);
      got.push(...events.map(({ data }) => data['msg_id']));
      from = last_event_id;
    }

    expect(got).toEqual(sent);
  });

  it('given no id, then only what comes from now on', async () => {
    await easemob.send('u2');
    expect((await poll('u2', 'wait=0')).events).toEqual([]);
  });

  it('given an id that the log has not reached, then it counts as now', async () => {
    const { last_event_id: now } = await poll('u2', 'wait=0');
    expect(await poll('u2', 'wait=0&last_event_id=999999999')).toEqual({ events: [], last_event_id: now });
  });

  it.each(['wait=61', 'wait=-1', 'wait=soon', 'wait=1&limit=0', 'wait=1&limit=101', 'last_event_id=x'])(
    'given %s, then 400',
    async (query) => {
      const { status, body } = await easemob.call('GET', at('u2', `?${query}`));
      expect({ status, error: body['error'] }).toEqual({ status: 400, error: 'invalid_parameter' });
    },
  );
});

describe('a stream', () => {
  it('says first where it starts, then what comes', async () => {
    const { last_event_id: now } = await poll('u2', 'wait=0');
    const { status, headers, next } = await stream('u2');
    expect([status, headers.get('content-type'), headers.get('access-control-allow-origin')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      '*',
    ]);
    expect(await next()).toEqual({ event: 'ready', id: now, data: {} });

    const msgId = await easemob.send('u2');
    await hear();

    expect(await next()).toMatchObject({ event: 'message', data: { msg_id: msgId } });
  });

  it('given Last-Event-ID, then it goes on from there, whatever its URL still says', async () => {
    await easemob.send('u2');
    const [first] = (await all('u2')).events;
    const msgId = await easemob.send('u2');

    const { next } = await stream('u2', '?last_event_id=0', { 'last-event-id': first?.id ?? '' });

    expect(await next()).toMatchObject({ event: 'ready', id: first?.id });
    expect(await next()).toMatchObject({ event: 'message', data: { msg_id: msgId } });
  });

  it('given a message for connected devices, then streams that were open get it and others do not', async () => {
    const { next } = await stream('u2');
    await next();
    const msgId = await easemob.send('u2', { routetype: 'ROUTE_ONLINE' });
    await hear();

    expect(await next()).toMatchObject({ data: { msg_id: msgId, online_only: true } });
    expect((await all('u2')).events).toEqual([]);
  });

  it('given that all sessions of the user are ended, then it ends; a single device’s end is not meant', async () => {
    const { next } = await stream('u2');
    await next();
    await endSessions('phone');
    const msgId = await easemob.send('u2');
    await hear();
    expect(await next()).toMatchObject({ data: { msg_id: msgId } });

    await endSessions(null);

    expect(await next()).toBeUndefined();
  });

  it('given that the server stops, then it ends at once', async () => {
    const { next } = await stream('u2');
    await next();

    await easemob.server.close();

    expect(await next()).toBeUndefined();
  });

  it('given storage that went away, then it ends and the outage is logged', async () => {
    const { next } = await stream('u2');
    await next();
    vi.spyOn(easemob.storage.queues, 'since').mockRejectedValue(new Unavailable('no storage'));
    await easemob.send('u2');
    await hear();

    expect(await next()).toBeUndefined();
    expect(easemob.logged).toContainEqual(expect.objectContaining({ level: 'warn' }));
  });
});

describe('who may listen', () => {
  const status = async (path: string, token: string | null) =>
    (await easemob.call('GET', path, { token })).status;

  it('is the app, and the user with a token of the own', async () => {
    expect(await status(at('u2', '?wait=0'), easemob.appToken)).toBe(200);
    expect(await status(at('u2', '?wait=0'), easemob.userToken('u2'))).toBe(200);
    expect(await status(at('u2', '?wait=0'), easemob.userToken('u1'))).toBe(401);
    expect(await status(at('u2', '?wait=0'), 'nonsense')).toBe(401);
    expect(await status(at('u2', '?wait=0'), null)).toBe(401);
  });

  it('is the user whose token stands in the URL; an app’s token there is refused', async () => {
    const query = (token: string) => at('u2', `?wait=0&access_token=${encodeURIComponent(token)}`);
    expect(await status(query(easemob.userToken('u2')), null)).toBe(200);
    expect(await status(query(easemob.userToken('u1')), null)).toBe(401);
    expect(await status(query(easemob.appToken), null)).toBe(401);
    const elsewhere = `/users/u2/user_channels?access_token=${easemob.userToken('u2')}`;
    expect(await status(elsewhere, null)).toBe(401);
  });

  it('given as many streams as one user may have, then 429 until one of them has gone', async () => {
    const first = await stream('u2');
    const others = await Promise.all(Array.from({ length: 15 }, () => stream('u2')));
    expect(new Set([first, ...others].map((each) => each.status))).toEqual(new Set([200]));
    expect(await status(at('u2', '?wait=0'), easemob.appToken)).toBe(429);

    first.leave();

    await vi.waitFor(async () => expect(await status(at('u2', '?wait=0'), easemob.appToken)).toBe(200));
  });

  it('given as many streams as a node may have, then 503', async () => {
    await stream('user0');
    await Promise.all(Array.from({ length: 19 }, (_, index) => stream(`user${index + 1}`)));

    expect(await status(at('u2', '?wait=0'), easemob.appToken)).toBe(503);
  });
});
