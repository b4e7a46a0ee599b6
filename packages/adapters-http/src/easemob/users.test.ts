import { sessionsStream } from '@recalld/domain';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { Answered, EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
  await easemob.call('POST', '/users', { body: { username: 'anna', password: 'pw' } });
});

const login = (password: string) =>
  easemob.call('POST', '/token', {
    token: null,
    body: { grant_type: 'password', username: 'anna', password },
  });

async function tokenOf(answer: Answered): Promise<string> {
  expect(answer.status).toBe(200);
  return String(answer.body['access_token']);
}

async function ended(user: string): Promise<readonly object[]> {
  const stream = sessionsStream(user, easemob.clock.now());
  const events = await easemob.storage.log.ofStream(easemob.app.no, stream);
  return events.map(({ data }) => data);
}

async function connect(device: string): Promise<void> {
  await easemob.storage.devices.begin(
    { app: easemob.app.no, user: 'anna', device },
    { session: `session of ${device}`, node: 'n1', platform: 'Web', now: easemob.clock.now() },
  );
}

describe('changes that end sessions', () => {
  it('given DELETE, then the user is gone, its token is no good, and its sessions end', async () => {
    const token = await tokenOf(await login('pw'));
    const answer = await easemob.call('DELETE', '/users/anna');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ path: '/users', action: 'delete', entities: [{ username: 'anna' }] });
    expect(await ended('anna')).toEqual([{ user: 'anna', device: null, session: null, reason: 'removed' }]);
    expect((await easemob.call('GET', '/users/anna')).status).toBe(404);
    expect((await easemob.call('GET', '/users/anna/user_channels', { token })).status).toBe(401);
    expect((await easemob.call('DELETE', '/users/anna')).status).toBe(404);
  });

  it('given a DELETE that was cut off after the user was gone, then another one answers 404 and ends the rest', async () => {
    const body = { groupname: 'g', public: true, owner: 'anna', members: ['ben'] };
    await easemob.call('POST', '/chatgroups', { body });
    await easemob.storage.users.remove(easemob.app.no, 'anna');

    const answer = await easemob.call('DELETE', '/users/anna');

    expect(answer.status).toBe(404);
    expect(await ended('anna')).toMatchObject([{ device: null, reason: 'removed' }]);
    expect(await easemob.storage.chatReader.joined(easemob.app.no, 'ben', 'groupchat')).toEqual([]);
  });

  it('given a DELETE whose groups cannot be left, then the user is gone and its sessions have ended', async () => {
    const token = await tokenOf(await login('pw'));
    const joined = vi.spyOn(easemob.storage.chatReader, 'joined').mockRejectedValueOnce(new Error('away'));

    expect((await easemob.call('DELETE', '/users/anna')).status).toBe(500);

    expect(await ended('anna')).toHaveLength(1);
    expect((await easemob.call('GET', '/users/anna/user_channels', { token })).status).toBe(401);
    joined.mockRestore();
  });

  it('given that somebody takes the name of a removed user, then the old token is no good', async () => {
    const token = await tokenOf(await login('pw'));
    await easemob.call('DELETE', '/users/anna');
    easemob.clock.advance(60_000);
    await easemob.call('POST', '/users', { body: { username: 'anna', password: 'other' } });
    expect((await easemob.call('GET', '/users/anna', { token })).status).toBe(401);
    const fresh = await tokenOf(await login('other'));
    expect((await easemob.call('GET', '/users/anna', { token: fresh })).status).toBe(200);
  });

  it('given a removed user’s groups, then its own are gone and it has left the others', async () => {
    const create = async (owner: string, members: readonly string[]) => {
      const body = { groupname: 'g', public: true, owner, members };
      const answer = await easemob.call('POST', '/chatgroups', { body });
      return (answer.body['data'] as { groupid: string }).groupid;
    };
    const [own, other] = [await create('anna', ['ben']), await create('ben', ['anna'])];
    await easemob.call('DELETE', '/users/anna');
    expect((await easemob.call('GET', `/chatgroups/${own}`)).status).toBe(404);
    const members = await easemob.call('GET', `/chatgroups/${other}/users`);
    expect(members.body['data']).toEqual([{ owner: 'ben' }]);
  });

  it('given a new password, then only that one is good, and sessions end', async () => {
    const body = { newpassword: 'new' };
    const answer = await easemob.call('PUT', '/users/anna/password', { body });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ action: 'set user password' });
    expect(await ended('anna')).toMatchObject([{ reason: 'passwordChanged', device: null }]);
    expect((await login('pw')).status).toBe(400);
    expect((await login('new')).status).toBe(200);
  });

  it.each([
    [{}, 'password or pin must provided'],
    [{ newpassword: '' }, 'password or pin must provided'],
    [{ newpassword: 'p'.repeat(65) }, 'password must have at most 64 characters'],
  ])('given the new password %j, then 400', async (body, description) => {
    const answer = await easemob.call('PUT', '/users/anna/password', { body });
    expect(answer.status).toBe(400);
    expect(answer.body['error_description']).toBe(description);
    expect(await ended('anna')).toEqual([]);
  });

  it('given deactivation, then neither token nor password is good until activation', async () => {
    const token = await tokenOf(await login('pw'));
    const off = await easemob.call('POST', '/users/anna/deactivate');
    expect(off.body).toMatchObject({ action: 'Deactivate user', entities: [{ activated: false }] });
    expect(await ended('anna')).toMatchObject([{ reason: 'deactivated', device: null }]);
    expect((await easemob.call('GET', '/users/anna', { token })).status).toBe(401);
    expect((await login('pw')).body['error_description']).toBe('user not activated');

    const on = await easemob.call('POST', '/users/anna/activate');
    expect(on.body).toMatchObject({ action: 'activate user', entities: [{ activated: true }] });
    expect((await easemob.call('GET', '/users/anna', { token })).status).toBe(200);
  });

  it.each([
    ['GET', '/users/anna/disconnect', null],
    ['DELETE', '/users/anna/disconnect/webim_web%201', 'webim_web 1'],
  ] as const)('given %s %s, then these sessions end', async (method, path, device) => {
    const answer = await easemob.call(method, path);
    expect(answer.body).toMatchObject({ entities: [], data: { result: true } });
    expect(await ended('anna')).toEqual([{ user: 'anna', device, session: null, reason: 'kicked' }]);
  });

  it.each([
    ['PUT', '/users/nobody/password'],
    ['POST', '/users/nobody/deactivate'],
    ['POST', '/users/nobody/activate'],
    ['GET', '/users/nobody/disconnect'],
    ['DELETE', '/users/nobody/disconnect/x'],
    ['GET', '/users/nobody/status'],
    ['GET', '/users/nobody/resources'],
  ] as const)('given %s %s, then 404', async (method, path) => {
    const answer = await easemob.call(method, path, method === 'PUT' ? { body: { newpassword: 'x' } } : {});
    expect(answer.status).toBe(404);
    expect(await ended('nobody')).toEqual([]);
  });

  it.each([
    ['DELETE', '/users/anna'],
    ['PUT', '/users/anna/password'],
    ['POST', '/users/anna/deactivate'],
    ['GET', '/users/anna/disconnect'],
  ] as const)('given the user’s own token, then %s %s is refused', async (method, path) => {
    const answer = await easemob.call(method, path, { token: easemob.userToken('anna') });
    expect(answer.status).toBe(401);
    expect(await ended('anna')).toEqual([]);
  });
});

describe('who is connected', () => {
  it('given a device with a session, then its user is online until it ends', async () => {
    expect((await easemob.call('GET', '/users/anna/status')).body['data']).toEqual({ anna: 'offline' });
    await connect('web_1');
    expect((await easemob.call('GET', '/users/anna/status')).body['data']).toEqual({ anna: 'online' });
    const many = await easemob.call('POST', '/users/batch/status', {
      body: { usernames: ['anna', 'nobody'] },
    });
    expect(many.body).toMatchObject({
      action: 'get batch user status',
      data: [{ anna: 'online' }, { nobody: 'offline' }],
    });
    const key = { app: easemob.app.no, user: 'anna', device: 'web_1' };
    await easemob.storage.devices.end([{ ...key, session: 'session of web_1', now: easemob.clock.now() }]);
    expect((await easemob.call('GET', '/users/anna/status')).body['data']).toEqual({ anna: 'offline' });
  });

  it('given two devices, then the user sees both, as the web SDK reads them', async () => {
    await connect('web_1');
    await connect('web_2');
    const answer = await easemob.call('GET', '/users/anna/resources', { token: easemob.userToken('anna') });
    const data = answer.body['data'] as readonly { readonly res: string }[];
    expect(data.map(({ res }) => res).sort()).toEqual(['web_1', 'web_2']);
  });

  it('given more than 100 names, then 400', async () => {
    const usernames = Array.from({ length: 101 }, (_, index) => `u${index}`);
    expect((await easemob.call('POST', '/users/batch/status', { body: { usernames } })).status).toBe(400);
  });

  it('given a user who is called batch, then its other calls still find it', async () => {
    await easemob.call('POST', '/users', { body: { username: 'batch', password: 'pw' } });
    expect((await easemob.call('POST', '/users/batch/deactivate')).status).toBe(200);
    expect((await easemob.call('GET', '/users/batch')).body).toMatchObject({
      entities: [{ activated: false }],
    });
  });
});
