import { Unavailable } from '@recalld/domain';
import type { RateLimitChange } from '@recalld/domain';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { clientSecret, startEasemobServer } from '../testing/easemobServer.js';
import type { Answered, EasemobServer } from '../testing/easemobServer.js';
import { easemobApi } from './api.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const limit = (change: RateLimitChange) => easemob.storage.rateLimits.change(easemob.app.no, change);

const text = { from: 'u1', type: 'txt', body: { msg: 'hello' } };
const deletion = { channel: 'u9', type: 'chat', delete_roam: true };
const credentials = { grant_type: 'client_credentials', client_id: 'client-id', client_secret: clientSecret };

type Ask = () => Promise<Answered>;

const sendTo =
  (collection: string, ...to: readonly string[]): Ask =>
  () =>
    easemob.call('POST', `/messages/${collection}`, { body: { ...text, to } });
/** Of a message that was never there. */
const recall: Ask = () => easemob.recall('13132131');
const token: Ask = () => easemob.call('POST', '/token', { token: null, body: credentials });
const remove = (user: string): Ask => {
  return () => easemob.call('DELETE', `/users/${user}/user_channel`, { body: deletion });
};
const removeBySdk = (user: string): Ask => {
  return () =>
    easemob.call('DELETE', `/user/${user}/user_channel`, { body: { ...deletion, type: 'groupChat' } });
};
const list = (user: string): Ask => {
  return () => easemob.call('GET', `/users/${user}/user_channels`);
};
const download: Ask = () => easemob.call('GET', '/chatfiles/nothing', { token: null });
const form = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n';
const upload: Ask = () =>
  easemob.call('POST', '/chatfiles', {
    body: Buffer.from(form),
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
  });

function expectLimited(answer: Answered, retryAfter: string): void {
  expect(answer.status).toBe(429);
  expect(answer.headers['retry-after']).toBe(retryAfter);
  expect(answer.body).toEqual({
    error: 'reach_limit',
    exception: 'EasemobReachLimitException',
    timestamp: easemob.clock.now(),
    duration: 0,
    error_description: 'This request has reached api limit',
  });
}

describe('a limit of two', () => {
  it.each<[keyof RateLimitChange, Ask, number, string]>([
    ['requestsPerSecond', () => easemob.call('GET', '/users/u1'), 1, '1'],
    ['tokensPerSecond', token, 1, '1'],
    ['recallsPerSecond', recall, 1, '1'],
    ['userSendsPerSecond', sendTo('users', 'a', 'b'), 1, '1'],
    ['userMessagesPerMinute', sendTo('users', 'a'), 60, '60'],
    ['groupSendsPerSecond', sendTo('chatgroups', 'g1', 'g2'), 1, '1'],
    ['groupMessagesPerSecond', sendTo('chatgroups', 'g1'), 1, '1'],
    ['roomSendsPerSecond', sendTo('chatrooms', 'r1', 'r2'), 1, '1'],
    ['roomMessagesPerSecond', sendTo('chatrooms', 'r1'), 1, '1'],
    ['conversationDeletionsPerSecond', remove('u1'), 1, '1'],
    ['conversationDeletionsPerMinuteAndUser', remove('u1'), 60, '60'],
    ['conversationListsPerSecond', list('u1'), 1, '1'],
    ['conversationListsPerMinuteAndUser', list('u1'), 60, '60'],
    ['uploadsPerSecond', upload, 1, '1'],
    ['downloadsPerSecond', download, 1, '1'],
  ])('%s: refuses the third call until its window is over', async (name, ask, seconds, retryAfter) => {
    const free = await ask();
    expect(free.status).not.toBe(429);
    await limit({ [name]: 2 });

    for (const allowed of [await ask(), await ask()]) expect(allowed.status).toBe(free.status);
    expectLimited(await ask(), retryAfter);
    easemob.clock.advance(seconds * 1000 - 1);
    expectLimited(await ask(), '1');
    easemob.clock.advance(1);
    expect((await ask()).status).toBe(free.status);

    await limit({ [name]: null });
    for (let calls = 0; calls < 3; calls += 1) expect((await ask()).status).toBe(free.status);
  });
});

it('given any call of an app, then it counts as a request, and says that it may be refused', () => {
  const { routes } = easemobApi(easemob.deps);
  expect(routes.length).toBeGreaterThan(20);
  for (const { limits, answers } of routes) {
    expect(limits).toContainEqual({ name: 'requestsPerSecond' });
    expect(answers[429]?.description).toContain('requests_per_second');
  }
});

describe('what shares a limit', () => {
  it('given both paths of a conversation deletion, then they count together, for each user', async () => {
    await limit({ conversationDeletionsPerMinuteAndUser: 2 });
    expect((await remove('u1')()).status).toBe(200);
    expect((await removeBySdk('u1')()).status).toBe(200);
    expectLimited(await remove('u1')(), '60');
    expectLimited(await removeBySdk('u1')(), '60');
    expect((await remove('u2')()).status).toBe(200);
  });

  it('given deletions of conversations and from roaming, then they count together', async () => {
    const roaming = () => easemob.call('POST', '/rest/message/roaming/user/u1/delete/all');
    await limit({ conversationDeletionsPerSecond: 2 });
    expect((await remove('u1')()).status).toBe(200);
    expect((await roaming()).status).toBe(200);
    expectLimited(await roaming(), '1');
    expectLimited(await remove('u1')(), '1');
  });

  it('given messages to several receivers, then each is one, and a call is taken whole or not', async () => {
    await limit({ userMessagesPerMinute: 5 });
    expect((await sendTo('users', 'a', 'b', 'c', 'a')()).status).toBe(200);
    expectLimited(await sendTo('users', 'a', 'b', 'c')(), '60');
    expect((await sendTo('users', 'a', 'b')()).status).toBe(200);
    expectLimited(await sendTo('users', 'a')(), '60');
    expect((await sendTo('chatgroups', 'g1')()).status).toBe(200);
  });

  it('given another app, then it has limits of its own', async () => {
    const { app, storage } = easemob;
    const other = await storage.apps.create({ ...app, name: 'other', uuid: 'other' });
    if (typeof other === 'string') throw new Error(other);
    await limit({ downloadsPerSecond: 1 });
    await storage.rateLimits.change(other.no, { downloadsPerSecond: 1 });
    const ask = (name: string) => easemob.raw('GET', `/acme/${name}/chatfiles/nothing`, { token: null });
    expect((await ask('im')).status).toBe(404);
    expect((await ask('im')).status).toBe(429);
    expect((await ask('other')).status).toBe(404);
  });
});

describe('a call that is refused', () => {
  it('for its rate does nothing', async () => {
    const msgId = await easemob.send('u2');
    await limit({ recallsPerSecond: 1 });
    await recall();
    expectLimited(await easemob.recall(msgId), '1');
    easemob.clock.advance(1000);
    expect((await easemob.recall(msgId)).status).toBe(200);
  });

  it('for its rate is refused before its body is read', async () => {
    await limit({ recallsPerSecond: 1 });
    const broken = () => easemob.call('POST', '/messages/msg_recall', { body: '{' });
    expect((await broken()).status).toBe(400);
    expectLimited(await broken(), '1');
  });

  it('for its token uses nothing up', async () => {
    await limit({ recallsPerSecond: 1, requestsPerSecond: 1 });
    for (const bad of [null, 'nonsense', easemob.userToken('u1')]) {
      const answer = await easemob.call('POST', '/messages/msg_recall', { token: bad, body: {} });
      expect(answer.status).toBe(401);
    }
    expect((await recall()).status).toBe(403);
  });

  it('by one limit uses nothing of the others up', async () => {
    await limit({ requestsPerSecond: 2, conversationListsPerMinuteAndUser: 1 });
    expect((await list('u1')()).status).toBe(200);
    for (let calls = 0; calls < 3; calls += 1) expectLimited(await list('u1')(), '60');
    expect((await list('u2')()).status).toBe(200);
    expectLimited(await list('u3')(), '1');
  });

  it('because it has too many receivers sends no messages that would count', async () => {
    await limit({ groupMessagesPerSecond: 1 });
    expect((await sendTo('chatgroups', 'a', 'b', 'c', 'd')()).status).toBe(400);
    expect((await sendTo('chatgroups', 'a')()).status).toBe(200);
  });
});

describe('storage', () => {
  it('given an app without limits, then it is not asked about rates', async () => {
    const take = vi.spyOn(easemob.storage.rateLimits, 'take');
    await easemob.send('u2');
    await limit({ recallsPerSecond: 1 });
    await easemob.send('u2');
    expect(take).not.toHaveBeenCalled();
  });

  it.each(['userSendsPerSecond', 'userMessagesPerMinute'])(
    'given that it is away, then a call with the limit %s is refused with 503',
    async (name) => {
      await limit({ [name]: 1 });
      easemob.storage.rateLimits.take = async () => {
        throw new Unavailable('the database cannot be reached');
      };
      const answer = await sendTo('users', 'a')();
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ error: 'service_unavailable' });
    },
  );
});
