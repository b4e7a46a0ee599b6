import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const group = {
  groupname: 'team',
  description: 'all of us',
  public: true,
  owner: 'u1',
  members: ['u2', 'u3'],
};

async function createGroup(more: object = {}): Promise<string> {
  const answer = await easemob.call('POST', '/chatgroups', { body: { ...group, ...more } });
  return (answer.body['data'] as { groupid: string }).groupid;
}

async function createRoom(): Promise<string> {
  const body = { name: 'lobby', description: '', owner: 'u1', members: ['u2'] };
  const answer = await easemob.call('POST', '/chatrooms', { body });
  return (answer.body['data'] as { id: string }).id;
}

describe('groups', () => {
  it.each([
    [true, 'Public'],
    [false, 'Private'],
  ])('given public %s, then the group is of type %s and shown as made', async (isPublic, type) => {
    const id = await createGroup({ public: isPublic, membersonly: true });
    const { body } = await easemob.call('GET', `/chatgroups/${id}`);
    expect(body['data']).toEqual([
      {
        id,
        name: 'team',
        description: 'all of us',
        maxusers: 200,
        owner: 'u1',
        created: easemob.clock.now(),
        custom: '',
        mute: false,
        affiliations_count: 3,
        disabled: false,
        public: isPublic,
        membersonly: true,
        allowinvites: false,
        permission: 'member',
      },
    ]);
    const key = { kind: 'groupchat', id } as const;
    const [profile] = await easemob.storage.chats.find(easemob.app.no, [key]);
    expect(profile?.type).toBe(type);
  });

  it.each([
    [{ public: undefined }, 'group must contain public field!'],
    [{ groupname: '' }, 'groupname must be provided'],
    [{ owner: null }, 'owner must be provided'],
    [{ groupname: 'n'.repeat(129) }, 'groupname is not legal'],
    [{ groupname: 'a\u0000b' }, 'groupname is not legal'],
    [{ description: 'd'.repeat(513) }, 'description is not legal'],
    [{ maxusers: 0 }, 'maxusers is not legal'],
  ])('given %j, then 400 invalid_parameter', async (more, description) => {
    const answer = await easemob.call('POST', '/chatgroups', { body: { ...group, ...more } });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: 'invalid_parameter', error_description: description });
  });

  it('given more members than it may have, then 403', async () => {
    const answer = await easemob.call('POST', '/chatgroups', { body: { ...group, maxusers: 2 } });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: 'exceed_limit' });
  });

  it('given several ids, then the known ones; given none that is known, then 404; given 101, then 400', async () => {
    const [a, b] = [await createGroup(), await createGroup()];
    const { body } = await easemob.call('GET', `/chatgroups/${a},${b},nowhere`);
    expect(body['data']).toMatchObject([{ id: a }, { id: b }]);
    expect((await easemob.call('GET', '/chatgroups/nowhere')).status).toBe(404);
    const many = Array.from({ length: 101 }, (_, index) => `g${index}`).join(',');
    expect((await easemob.call('GET', `/chatgroups/${many}`)).status).toBe(400);
  });

  it('given a group, when it is deleted, then it is gone', async () => {
    const id = await createGroup();
    const answer = await easemob.call('DELETE', `/chatgroups/${id}`);
    expect(answer.body['data']).toEqual({ success: true, groupid: id });
    expect((await easemob.call('DELETE', `/chatgroups/${id}`)).status).toBe(404);
  });

  it('given a member, then the group is among the joined ones', async () => {
    const id = await createGroup();
    const token = easemob.userToken('u2');
    const { body } = await easemob.call('GET', '/users/u2/joined_chatgroups', { token });
    expect(body['data']).toEqual([{ groupid: id, groupname: 'team' }]);
  });
});

describe('members', () => {
  it('given a group, then its users are listed page by page, the owner first', async () => {
    const id = await createGroup();
    const page = async (query: string) =>
      (await easemob.call('GET', `/chatgroups/${id}/users?${query}`)).body['data'];
    expect(await page('')).toEqual([{ owner: 'u1' }, { member: 'u2' }, { member: 'u3' }]);
    expect(await page('pagenum=2&pagesize=2')).toEqual([{ member: 'u3' }]);
    expect(await page('pagenum=3&pagesize=2')).toEqual([]);
    expect((await easemob.call('GET', `/chatgroups/${id}/users?pagesize=-1`)).status).toBe(400);
    expect((await easemob.call('GET', '/chatgroups/nowhere/users')).status).toBe(404);
  });

  it('given a new user, then one call adds it and the next one refuses', async () => {
    const id = await createGroup();
    const first = await easemob.call('POST', `/chatgroups/${id}/users/u4`);
    expect(first.body['data']).toEqual({ result: true, groupid: id, action: 'add_member', user: 'u4' });
    const second = await easemob.call('POST', `/chatgroups/${id}/users/u4`);
    expect(second.status).toBe(403);
    expect(second.body).toMatchObject({
      error: 'forbidden_op',
      error_description: `can not join this group, reason:user: u4 already in group: ${id}\n`,
    });
  });

  it('given several users, then those who are new are answered', async () => {
    const id = await createGroup();
    const add = (usernames: readonly string[], chat = id) =>
      easemob.call('POST', `/chatgroups/${chat}/users`, { body: { usernames } });
    const added = await add(['u3', 'u4', 'u5']);
    expect(added.body['data']).toEqual({ newmembers: ['u4', 'u5'], groupid: id, action: 'add_member' });
    const unknown = await add(['u4'], 'nowhere');
    expect(unknown.status).toBe(404);
    expect(unknown.body['error_description']).toBe('grpID nowhere does not exist!');
    const many = Array.from({ length: 61 }, (_, index) => `m${index}`);
    expect((await add(many)).status).toBe(400);
  });

  it('given a full group, then 403', async () => {
    const id = await createGroup({ maxusers: 3 });
    const answer = await easemob.call('POST', `/chatgroups/${id}/users/u4`);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: 'exceed_limit' });
  });

  it('given one, several and no members to remove, then each is answered', async () => {
    const id = await createGroup();
    const remove = (users: string) => easemob.call('DELETE', `/chatgroups/${id}/users/${users}`);
    const done = { groupid: id, action: 'remove_member' };
    expect((await remove('u2')).body['data']).toEqual({ result: true, ...done, user: 'u2' });
    const stranger = await remove('u2');
    expect(stranger.status).toBe(403);
    expect(stranger.body['error_description']).toBe('users [u2] are not members of this group!');
    expect((await remove('u1')).status).toBe(403);
    const several = await remove('u3,u9');
    expect(several.body['data']).toEqual([
      { result: true, ...done, user: 'u3' },
      { result: false, ...done, user: 'u9', reason: 'users [u9] are not members of this group!' },
    ]);
    expect((await easemob.call('DELETE', '/chatgroups/nowhere/users/u2')).status).toBe(404);
  });
});

describe('chat rooms', () => {
  it('given a room, then it is made, shown, joined, left and deleted under its own words', async () => {
    const id = await createRoom();
    const shown = await easemob.call('GET', `/chatrooms/${id}`);
    expect(shown.body['data']).toMatchObject([{ id, name: 'lobby', owner: 'u1', affiliations_count: 2 }]);
    const added = await easemob.call('POST', `/chatrooms/${id}/users/u3`);
    expect(added.body['data']).toEqual({ result: true, id, action: 'add_member', user: 'u3' });
    const removed = await easemob.call('DELETE', `/chatrooms/${id}/users/u3`);
    expect(removed.body['data']).toEqual({ result: true, id, action: 'remove_member', user: 'u3' });
    const gone = await easemob.call('DELETE', `/chatrooms/${id}`);
    expect(gone.body['data']).toEqual({ success: true, id });
  });

  it('given a room, then it is no group', async () => {
    const id = await createRoom();
    expect((await easemob.call('GET', `/chatgroups/${id}`)).status).toBe(404);
  });
});
