import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const as = (user: string) => ({ token: easemob.userToken(user) });

async function group(more: object = {}): Promise<string> {
  const body = { groupname: 'g', public: true, owner: 'anna', members: ['ben'], ...more };
  const answer = await easemob.call('POST', '/chatgroups', { body });
  return (answer.body['data'] as { groupid: string }).groupid;
}

async function room(): Promise<string> {
  const answer = await easemob.call('POST', '/chatrooms', { body: { name: 'r', owner: 'anna' } });
  return (answer.body['data'] as { id: string }).id;
}

async function members(path: string): Promise<unknown> {
  return (await easemob.call('GET', `${path}/users`)).body['data'];
}

describe('joining and leaving by oneself', () => {
  it('given a public group, then who asks is in it, and out of it again', async () => {
    const id = await group();
    const path = `/chatgroups/${id}`;
    const joined = await easemob.call('POST', `${path}/apply?resource=web_1`, {
      ...as('cleo'),
      body: { message: '' },
    });
    expect(joined.status).toBe(200);
    expect(joined.body['data']).toEqual({ result: true, groupid: id, action: 'apply', user: 'cleo' });
    expect(await members(path)).toEqual([{ owner: 'anna' }, { member: 'ben' }, { member: 'cleo' }]);
    expect((await easemob.call('POST', `${path}/apply`, as('cleo'))).status).toBe(403);

    const left = await easemob.call('DELETE', `${path}/quit?resource=web_1`, as('cleo'));
    expect(left.body['data']).toEqual({ result: true, groupid: id, action: 'quit', user: 'cleo' });
    expect((await easemob.call('DELETE', `${path}/quit`, as('cleo'))).status).toBe(403);
  });

  it.each([{ public: false }, { membersonly: true }, { approval: true }])(
    'given a group with %j, then nobody joins by itself',
    async (more) => {
      const id = await group(more);
      expect((await easemob.call('POST', `/chatgroups/${id}/apply`, as('cleo'))).status).toBe(403);
      expect(await members(`/chatgroups/${id}`)).toEqual([{ owner: 'anna' }, { member: 'ben' }]);
    },
  );

  it('given a room, then who comes in twice is in it', async () => {
    const id = await room();
    for (const resource of ['web_1', 'web_2']) {
      const path = `/chatrooms/${id}/apply?resource=${resource}`;
      const answer = await easemob.call('POST', path, as('cleo'));
      expect(answer.body['data']).toMatchObject({ result: true, id, user: 'cleo' });
    }
    expect((await easemob.call('DELETE', `/chatrooms/${id}/quit`, as('cleo'))).status).toBe(200);
  });

  it('given the owner, then it stays; given the app’s token, then nobody is meant; given no such group, then 404', async () => {
    const id = await group();
    expect((await easemob.call('DELETE', `/chatgroups/${id}/quit`, as('anna'))).status).toBe(403);
    expect((await easemob.call('POST', `/chatgroups/${id}/apply`)).status).toBe(401);
    expect((await easemob.call('POST', '/chatgroups/1/apply', as('cleo'))).status).toBe(404);
  });
});

describe('admins', () => {
  const admins = async (id: string) =>
    (await easemob.call('GET', `/chatgroups/${id}/admin?version=v3`)).body['data'];

  it('given a member, then it is an admin until it is made a member again', async () => {
    const id = await group();
    const made = await easemob.call('POST', `/chatgroups/${id}/admin`, { body: { newadmin: 'ben' } });
    expect(made.body).toMatchObject({ entities: [], data: { result: 'success', newadmin: 'ben' } });
    expect(await admins(id)).toEqual(['ben']);
    const removed = await easemob.call('DELETE', `/chatgroups/${id}/admin/ben`);
    expect(removed.body['data']).toEqual({ result: 'success', oldadmin: 'ben' });
    expect(await admins(id)).toEqual([]);
  });

  it('given users’ tokens, then only the owner’s makes admins, and only members see them', async () => {
    const id = await group({ members: ['ben', 'cleo'] });
    const asked = { body: { newadmin: 'cleo' } };
    expect((await easemob.call('POST', `/chatgroups/${id}/admin`, { ...as('ben'), ...asked })).status).toBe(
      401,
    );
    expect((await easemob.call('POST', `/chatgroups/${id}/admin`, { ...as('anna'), ...asked })).status).toBe(
      200,
    );
    expect((await easemob.call('GET', `/chatgroups/${id}/admin`, as('ben'))).body['data']).toEqual(['cleo']);
    expect((await easemob.call('GET', `/chatgroups/${id}/admin`, as('dan'))).status).toBe(403);
  });

  it.each([
    ['the owner', { newadmin: 'anna' }, 403],
    ['no member', { newadmin: 'dan' }, 403],
    ['nobody', {}, 400],
    ['a name that cannot be', { newadmin: 'x'.repeat(65) }, 400],
  ])('given %s, then it is refused', async (_, body, status) => {
    const id = await group();
    expect((await easemob.call('POST', `/chatgroups/${id}/admin`, { body })).status).toBe(status);
    expect(await admins(id)).toEqual([]);
  });
});

describe('groups as a user sees them', () => {
  it('given a user’s token, then it makes its own groups only', async () => {
    const body = { groupname: 'g', public: true, owner: 'cleo', members: ['ben'], approval: false };
    expect((await easemob.call('POST', '/chatgroups?resource=web_1', { ...as('cleo'), body })).status).toBe(
      200,
    );
    expect((await easemob.call('POST', '/chatgroups', { ...as('ben'), body })).status).toBe(401);
    expect(
      (await easemob.call('POST', '/chatrooms', { ...as('cleo'), body: { name: 'r', owner: 'cleo' } }))
        .status,
    ).toBe(401);
  });

  it('given a private group, then its members see it and others do not', async () => {
    const id = await group({ public: false });
    const path = `/chatgroups/${id}?joined_time=true`;
    expect((await easemob.call('GET', path, as('ben'))).body['data']).toMatchObject([{ id, name: 'g' }]);
    expect((await easemob.call('GET', path, as('dan'))).status).toBe(404);
    expect((await easemob.call('GET', `/chatgroups/${id}/users`, as('dan'))).status).toBe(403);
  });

  it('given limit and cursor, then members come with their roles, page by page', async () => {
    const id = await group({ members: ['ben', 'cleo'] });
    await easemob.call('POST', `/chatgroups/${id}/admin`, { body: { newadmin: 'ben' } });
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const path = `/chatgroups/${id}/users?cursor=${cursor}&limit=2&joined_time=true&_v=1`;
      const { body } = await easemob.call('GET', path, as('cleo'));
      seen.push(...(body['data'] as readonly unknown[]));
      cursor = (body['cursor'] as string | undefined) ?? '';
    } while (cursor !== '');
    expect(seen).toEqual([{ owner: 'anna' }, { admin: 'ben' }, { member: 'cleo' }]);
  });

  it('given what a user has joined, then both SDK calls find it', async () => {
    const [id, roomId] = [await group(), await room()];
    await easemob.call('POST', `/chatrooms/${roomId}/apply`, as('ben'));
    const v3 = '/users/ben/joined_chatgroups?pagenum=1&pagesize=20&version=v3';
    expect((await easemob.call('GET', v3, as('ben'))).body['data']).toEqual([
      { id, name: 'g', disabled: false },
    ]);
    const paged = '/users/ben/joined_chatrooms?pagenum=1&pagesize=20&detail=true&_v=1';
    expect((await easemob.call('GET', paged, as('ben'))).body['data']).toMatchObject([
      { id: roomId, title: 'r', owner: 'acme#im_anna', max_users: 1000 },
    ]);
    const behind = '/users/ben/joined_chatgroups?pagenum=2&pagesize=20';
    expect((await easemob.call('GET', behind, as('ben'))).body['data']).toEqual([]);
  });
});
