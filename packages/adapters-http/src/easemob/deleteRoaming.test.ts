import { groupSample, roomSample } from '@recalld/domain/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { Answered, EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const rest = '/rest/message/roaming';
const sdk = '/sdk/message/roaming';

async function remove(path: string, token?: string): Promise<Answered> {
  return easemob.call('DELETE', path, token === undefined ? {} : { token });
}

async function history(user: string, queue: string): Promise<number> {
  const { body } = await easemob.call('POST', `/users/${user}/messageroaming`, {
    body: { queue, start: -1 },
  });
  return (body['data'] as { msgs: readonly unknown[] }).msgs.length;
}

async function channels(user: string): Promise<readonly string[]> {
  const { body } = await easemob.call('GET', `/users/${user}/user_channels`);
  const { channel_infos: infos } = body['data'] as { channel_infos: readonly { channel_id: string }[] };
  return infos.map(({ channel_id: id }) => id);
}

/** What the log says of deletions. */
async function deletions(): Promise<readonly object[]> {
  const { events } = await easemob.storage.log.read({
    after: 0,
    limit: 1_000,
    types: ['RoamingDeleted', 'ConversationDeleted'],
  });
  return events.map(({ type, data, actor }) => ({ type, actor, ...data }));
}

async function makeChat(kind: 'groupchat' | 'chatroom', id: string): Promise<void> {
  const sample = kind === 'groupchat' ? groupSample : roomSample;
  await easemob.storage.chats.create(sample(easemob.app.no, id, { owner: 'u1' }), ['u2']);
}

describe('by ids (contract A6)', () => {
  it('given the server’s call, then these messages are gone for this user alone, and the answer is the vendor’s', async () => {
    const [first, second] = [await easemob.send('u2'), await easemob.send('u2'), await easemob.send('u2')];

    const answer = await remove(`${rest}/chat/user/u2?userId=u1&msgIdList=${first},${second}`);

    expect(answer.status).toBe(200);
    expect(answer.text).toBe(JSON.stringify({ requestStatusCode: 'ok', timestamp: easemob.clock.now() }));
    expect(await history('u2', 'u1@easemob.com')).toBe(1);
    expect(await history('u1', 'u2@easemob.com')).toBe(3);
    expect(await deletions()).toMatchObject([{ type: 'RoamingDeleted', actor: 'admin', originDevice: null }]);
  });

  it('given the last of them, then the conversation leaves the list of this user', async () => {
    const msgId = await easemob.send('u2');

    await remove(`${rest}/chat/user/u2?userId=u1&msgIdList=${msgId}`);

    expect(await channels('u2')).toEqual([]);
    expect(await channels('u1')).toEqual(['acme#im_u2@easemob.com']);
  });

  it('given the SDK’s call, then its other devices are told who did it', async () => {
    const msgId = await easemob.send('u2');
    const path = `${sdk}/chat/user/u2?userId=u1&msgIdList=${msgId}&resource=webim_1`;

    expect((await remove(path, easemob.userToken('u2'))).status).toBe(200);

    expect(await deletions()).toMatchObject([
      { user: 'u2', actor: 'u2', originDevice: 'webim_1', noticeId: expect.any(String) as string },
    ]);
  });

  it('given isNotify=false, then no device is told', async () => {
    const msgId = await easemob.send('u2');

    await remove(`${rest}/chat/user/u2?userId=u1&msgIdList=${msgId}&isNotify=false`);

    const [deletion] = await deletions();
    expect(deletion).toMatchObject({ type: 'RoamingDeleted' });
    expect(deletion).not.toHaveProperty('noticeId');
  });

  it('given ids that are of no message of the chat, then nothing happens', async () => {
    const msgId = await easemob.send('u3');

    const answer = await remove(`${rest}/chat/user/u2?userId=u1&msgIdList=${msgId},1,no id,%F0%9F%90%88`);

    expect([answer.status, await deletions()]).toEqual([200, []]);
  });

  it.each(['groupchat', 'chatroom'] as const)('given a %s, then its messages go', async (kind) => {
    await makeChat(kind, 'c1');
    const collection = kind === 'groupchat' ? 'chatgroups' : 'chatrooms';
    const { body } = await easemob.call('POST', `/messages/${collection}`, {
      body: { from: 'u1', to: ['c1'], type: 'txt', body: { msg: 'hi' } },
    });
    const { c1: msgId } = body['data'] as { c1: string };
    expect(await history('u2', 'c1@conference.easemob.com')).toBe(1);

    await remove(`${rest}/group/user/u2?groupId=c1&msgIdList=${msgId}`);

    expect(await history('u2', 'c1@conference.easemob.com')).toBe(0);
    expect(await history('u1', 'c1@conference.easemob.com')).toBe(1);
  });
});

describe('by time (contract A6)', () => {
  it('given a time, then what was sent until then is gone', async () => {
    await easemob.send('u2');
    const firstAt = easemob.clock.now();
    easemob.clock.advance(1_000);
    await easemob.send('u2');

    const path = `${sdk}/chat/user/u2/time?userId=u1&delTime=${firstAt}&&resource=webim_1`;
    const answer = await remove(path, easemob.userToken('u2'));

    expect(answer.body).toMatchObject({ requestStatusCode: 'ok' });
    expect(await history('u2', 'u1@easemob.com')).toBe(1);
    expect(await history('u1', 'u2@easemob.com')).toBe(2);
    expect(await deletions()).toMatchObject([{ originDevice: 'webim_1' }]);
  });

  it('given the end of time, then what comes later comes', async () => {
    await easemob.send('u2');
    await remove(`${rest}/chat/user/u2/time?userId=u1&delTime=${'9'.repeat(18)}`);
    expect(await history('u2', 'u1@easemob.com')).toBe(0);

    easemob.clock.advance(1_000);
    await easemob.send('u2');

    expect(await history('u2', 'u1@easemob.com')).toBe(1);
  });
});

describe('everything (contract A6)', () => {
  it.each([rest, sdk])(
    'given %s, then all of the user’s chats are gone, for this user alone',
    async (api) => {
      await makeChat('groupchat', 'g1');
      await makeChat('chatroom', 'r1');
      await easemob.send('u2');
      await easemob.send('u2', { from: 'u3' });
      for (const [collection, to] of [
        ['chatgroups', 'g1'],
        ['chatrooms', 'r1'],
      ] as const) {
        await easemob.call('POST', `/messages/${collection}`, {
          body: { from: 'u1', to: [to], type: 'txt', body: { msg: 'hi' } },
        });
      }
      const token = api === sdk ? { token: easemob.userToken('u2') } : {};

      const answer = await easemob.call('POST', `${api}/user/u2/delete/all?resource=webim_1`, token);

      expect(answer.text).toBe(JSON.stringify({ requestStatusCode: 'ok', timestamp: easemob.clock.now() }));
      expect(await channels('u2')).toEqual([]);
      const queues = [
        'u1@easemob.com',
        'u3@easemob.com',
        'g1@conference.easemob.com',
        'r1@conference.easemob.com',
      ];
      expect(await Promise.all(queues.map((queue) => history('u2', queue)))).toEqual([0, 0, 0, 0]);
      expect(await history('u1', 'u2@easemob.com')).toBe(1);
      expect(await history('u1', 'g1@conference.easemob.com')).toBe(1);
      expect(await channels('u3')).toEqual(['acme#im_u2@easemob.com']);
      expect(await deletions()).toHaveLength(4);
    },
  );

  it('given more chats than one page, then none is left; given none, then all is done', async () => {
    expect((await easemob.call('POST', `${rest}/user/u2/delete/all`)).status).toBe(200);
    for (let n = 0; n < 130; n += 1) await easemob.send('u2', { from: `peer${n}` });

    await easemob.call('POST', `${rest}/user/u2/delete/all`);

    expect(await channels('u2')).toEqual([]);
    expect(await deletions()).toHaveLength(130);
  });
});

describe('what is refused', () => {
  const manyIds = Array.from({ length: 51 }, (_, n) => String(1_000_000 + n)).join(',');

  it.each([
    ['no peer', '/chat/user/u2?msgIdList=1'],
    ['the other kind’s parameter', '/group/user/u2?userId=u1&msgIdList=1'],
    ['a peer that cannot be', `/chat/user/u2?userId=${'x'.repeat(65)}&msgIdList=1`],
    ['no ids', '/chat/user/u2?userId=u1'],
    ['more than 50 ids', `/chat/user/u2?userId=u1&msgIdList=${manyIds}`],
    ['no time', '/chat/user/u2/time?userId=u1'],
    ['a time that is none', '/group/user/u2/time?groupId=g1&delTime=yesterday'],
    ['a time that is too long', `/group/user/u2/time?groupId=g1&delTime=${'9'.repeat(19)}`],
  ])('given %s, then 400', async (_, path) => {
    for (const api of [rest, sdk]) {
      const answer = await remove(api + path);
      expect([answer.status, answer.body['error']]).toEqual([400, 'illegal_argument']);
    }
    expect(await deletions()).toEqual([]);
  });

  it('given a user’s token, then only the SDK’s calls of that user are answered', async () => {
    const msgId = await easemob.send('u2');
    const call = `/chat/user/u2?userId=u1&msgIdList=${msgId}`;

    expect((await remove(rest + call, easemob.userToken('u2'))).status).toBe(401);
    expect((await remove(sdk + call, easemob.userToken('u1'))).status).toBe(401);
    const all = `${sdk}/user/u2/delete/all`;
    expect((await easemob.call('POST', all, { token: easemob.userToken('u1') })).status).toBe(401);
    expect(await history('u2', 'u1@easemob.com')).toBe(1);
  });
});
