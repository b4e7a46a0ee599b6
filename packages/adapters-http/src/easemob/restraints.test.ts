import { limits } from '@recalld/domain';
import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const as = (user: string) => ({ token: easemob.userToken(user) });
const dataOf = async (path: string) => (await easemob.call('GET', path)).body['data'];

async function chat(kind: 'chatgroups' | 'chatrooms'): Promise<string> {
  const body = { groupname: 'g', name: 'r', public: true, owner: 'anna', members: ['ben', 'cleo'] };
  const { data } = (await easemob.call('POST', `/${kind}`, { body })).body;
  const { groupid, id } = data as { readonly groupid?: string; readonly id?: string };
  return `/${kind}/${groupid ?? id}`;
}

describe('a blocklist', () => {
  const path = '/users/anna/blocks/users';
  const block = (usernames: readonly string[], asked = {}) =>
    easemob.call('POST', path, { body: { usernames }, ...asked });

  it('given users, then they are in it, the last one first, until they are taken out', async () => {
    await easemob.call('POST', '/users', { body: { username: 'ben', password: 'x' } });
    expect((await block(['ben'])).body).toMatchObject({ entities: [], data: ['ben'], action: 'post' });
    await block(['cleo']);

    expect((await easemob.call('GET', path)).body).toMatchObject({ data: ['cleo', 'ben'], count: 2 });
    const removed = await easemob.call('DELETE', `${path}/ben`);
    expect(removed.body).toMatchObject({ action: 'delete', entities: [{ type: 'user', username: 'ben' }] });
    expect((await easemob.call('DELETE', `${path}/cleo`)).body['entities']).toEqual([]);
    expect(await dataOf(path)).toEqual([]);
  });

  it('given the user’s own token, then it will do, also in the SDKs’ spelling; another’s will not', async () => {
    const sdk = '/sdk/user/anna/blocks?resource=webim_web_1';
    const body = { usernames: ['ben', 'cleo'] };
    expect((await easemob.call('POST', sdk, { ...as('anna'), body })).body['data']).toEqual(['ben', 'cleo']);
    expect((await easemob.call('GET', path, as('anna'))).body['data']).toHaveLength(2);
    const left = { ...as('anna'), body: { usernames: ['ben'] } };
    expect((await easemob.call('DELETE', sdk, left)).status).toBe(200);
    expect(await dataOf(path)).toEqual(['cleo']);

    expect((await block(['ben'], as('ben'))).status).toBe(401);
    expect((await easemob.call('GET', path, as('ben'))).status).toBe(401);
  });

  it.each([
    ['nobody', []],
    ['a name that cannot be', ['x'.repeat(65)]],
    ['too many at once', Array.from({ length: 61 }, (_, n) => `u${n}`)],
  ])('given %s, then 400', async (_, usernames) => {
    expect((await block(usernames)).status).toBe(400);
    expect(await dataOf(path)).toEqual([]);
  });

  it('given a full one, then 403, and nobody is added', async () => {
    const names = Array.from({ length: limits.blockedUsersMax }, (_, n) => `u${n}`);
    for (let n = 0; n < names.length; n += 50) await block(names.slice(n, n + 50));

    const refused = await block(['one more']);

    expect(refused.status).toBe(403);
    expect(refused.body['error']).toBe('exceed_limit');
    expect(await dataOf(path)).toHaveLength(limits.blockedUsersMax);
  });
});

describe.each(['chatgroups', 'chatrooms'] as const)('mutes in %s', (kind) => {
  const mute = (path: string, usernames: readonly string[], mute_duration: unknown = 60_000, asked = {}) =>
    easemob.call('POST', `${path}/mute`, { body: { usernames, mute_duration }, ...asked });

  it('given members, then they are muted until then, or for ever, or until it is ended', async () => {
    const path = await chat(kind);
    const expire = easemob.clock.now() + 60_000;
    const muted = await mute(path, ['ben']);
    expect(muted.body).toMatchObject({ action: 'post', data: [{ result: true, expire, user: 'ben' }] });
    const forever = { expire: 4_638_873_600_000, user: 'cleo' };
    expect((await mute(path, ['cleo'], -1)).body['data']).toEqual([{ result: true, ...forever }]);
    expect(await dataOf(`${path}/mute`)).toEqual([forever, { expire, user: 'ben' }]);

    easemob.clock.advance(60_000);
    expect(await dataOf(`${path}/mute`)).toEqual([forever]);
    const ended = await easemob.call('DELETE', `${path}/mute/ben,cleo`);
    expect(ended.body['data']).toEqual([
      { result: true, user: 'ben' },
      { result: true, user: 'cleo' },
    ]);
    expect(await dataOf(`${path}/mute`)).toEqual([]);
  });

  it('given the owner’s token, then it will do; a member’s will not', async () => {
    const path = await chat(kind);
    expect((await mute(path, ['ben'], 1_000, as('anna'))).status).toBe(200);
    expect((await mute(path, ['cleo'], 1_000, as('ben'))).status).toBe(401);
    expect((await easemob.call('GET', `${path}/mute`, as('ben'))).status).toBe(401);
    expect((await easemob.call('DELETE', `${path}/mute/ben`, as('ben'))).status).toBe(401);
    expect(await dataOf(`${path}/mute`)).toHaveLength(1);
  });

  it.each([
    ['who is no member', ['dan'], 1_000, 403],
    ['no time', ['ben'], 0, 400],
    ['a time that is none', ['ben'], -2, 400],
    ['a text for a time', ['ben'], '1000', 400],
  ])('given %s, then nobody is muted', async (_, usernames, duration, status) => {
    const path = await chat(kind);
    expect((await mute(path, usernames, duration)).status).toBe(status);
    expect(await dataOf(`${path}/mute`)).toEqual([]);
  });

  it('given the longest times, then they are for ever; given no such chat, then 404', async () => {
    const path = await chat(kind);
    for (const duration of [4_638_873_600_000, Number.MAX_SAFE_INTEGER, 1e300]) {
      const answer = await mute(path, ['ben'], duration);
      expect(answer.body['data']).toMatchObject([{ expire: 4_638_873_600_000 }]);
    }
    expect((await mute(`/${kind}/1`, ['ben'])).status).toBe(404);
    expect((await easemob.call('GET', `/${kind}/1/mute`)).status).toBe(404);
    expect((await easemob.call('DELETE', `/${kind}/1/mute/ben`)).status).toBe(404);
  });
});

describe('global mutes', () => {
  const mute = (body: object) => easemob.call('POST', '/mutes', { body });

  it('given seconds for kinds of chat, then what is left of them is shown, until they are ended', async () => {
    const done = await mute({ username: 'anna', chat: 100, groupchat: -1 });
    expect(done.body).toMatchObject({ path: '/mutes', data: { result: 'ok' } });

    easemob.clock.advance(4_000);
    const unixtime = Math.floor(easemob.clock.now() / 1_000);
    const userid = 'acme#im_anna';
    expect(await dataOf('/mutes/anna')).toEqual({ userid, chat: 96, groupchat: -1, chatroom: 0, unixtime });
    await mute({ username: 'anna', chat: 0 });
    await mute({ username: 'anna' });
    expect(await dataOf('/mutes/anna')).toMatchObject({ chat: 0, groupchat: -1, chatroom: 0 });
    expect(await dataOf('/mutes/ben')).toMatchObject({ chat: 0, groupchat: 0, chatroom: 0 });
  });

  it.each([
    ['nobody', {}],
    ['a name that cannot be', { username: 'x'.repeat(65), chat: 1 }],
    ['another negative', { username: 'anna', chat: -2 }],
    ['more than the vendor takes', { username: 'anna', chat: 2 ** 31 }],
    ['half a second', { username: 'anna', chat: 0.5 }],
  ])('given %s, then 400', async (_, body) => {
    expect((await mute(body)).status).toBe(400);
    expect(await dataOf('/mutes/anna')).toMatchObject({ chat: 0, groupchat: 0, chatroom: 0 });
  });

  it('given a user’s token, then 401', async () => {
    expect((await easemob.call('POST', '/mutes', { ...as('anna'), body: { username: 'ben' } })).status).toBe(
      401,
    );
    expect((await easemob.call('GET', '/mutes/anna', as('anna'))).status).toBe(401);
  });
});

describe('disabling a group', () => {
  it('given a group, then its answers say so, until it is enabled', async () => {
    const path = await chat('chatgroups');
    const joined = '/users/ben/joined_chatgroups?pagenum=1&pagesize=20&version=v3';
    expect((await easemob.call('POST', `${path}/disable`)).body).toMatchObject({ data: { disabled: true } });
    expect(await dataOf(path)).toMatchObject([{ disabled: true }]);
    expect(await dataOf(joined)).toMatchObject([{ disabled: true }]);

    expect((await easemob.call('POST', `${path}/enable`)).body).toMatchObject({ data: { disabled: false } });
    expect(await dataOf(path)).toMatchObject([{ disabled: false }]);
  });

  it('given a user’s token, then 401; given no group, then 404', async () => {
    const path = await chat('chatgroups');
    expect((await easemob.call('POST', `${path}/disable`, as('anna'))).status).toBe(401);
    expect((await easemob.call('POST', '/chatgroups/1/disable')).status).toBe(404);
    expect(await dataOf(path)).toMatchObject([{ disabled: false }]);
  });
});
