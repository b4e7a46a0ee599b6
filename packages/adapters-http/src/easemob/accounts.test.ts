import { beforeEach, describe, expect, it } from 'vitest';
import { clientSecret, startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const credentials = { grant_type: 'client_credentials', client_id: 'client-id', client_secret: clientSecret };

const login = (body: unknown) => easemob.call('POST', '/token', { token: null, body });
const register = (body: unknown, token?: string | null) =>
  easemob.call('POST', '/users', { body, ...(token === undefined ? {} : { token }) });

describe('tokens', () => {
  it.each([
    ['60 days by default', {}, 5_184_000],
    ['a number', { ttl: 1024 }, 1024],
    ['a numeric text, as the vendor’s sample has it', { ttl: '1024000' }, 1_024_000],
    ['0 for ever', { ttl: 0 }, 0],
  ])('given client credentials, then an app token lives %s', async (_, ttl, expected) => {
    const answer = await login({ ...credentials, ...ttl });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      expires_in: expected,
      application: easemob.app.uuid,
    });
    const token = String(answer.body['access_token']);
    expect((await easemob.call('GET', '/users/u1/user_channels', { token })).status).toBe(200);
    easemob.clock.advance(5_184_000_000);
    const later = await easemob.call('GET', '/users/u1/user_channels', { token });
    expect(later.status).toBe(expected === 0 ? 200 : 401);
  });

  it('given an expired token, then the answer says so', async () => {
    const { body } = await login({ ...credentials, ttl: 1 });
    easemob.clock.advance(1000);
    const answer = await easemob.call('GET', '/users/u1', { token: String(body['access_token']) });
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({
      error: 'unauthorized',
      error_description: 'Unable to authenticate due to expired access token',
    });
  });

  it('given a user’s password, then a token for that user alone', async () => {
    await register({ username: 'anna', password: 'pw' });
    const answer = await login({ grant_type: 'password', username: 'anna', password: 'pw', timestamp: 1 });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      expires_in: 5_184_000,
      user: { type: 'user', username: 'anna', activated: true, uuid: expect.any(String) },
    });
    const token = String(answer.body['access_token']);
    expect((await easemob.call('GET', '/users/anna', { token })).status).toBe(200);
    expect((await easemob.call('GET', '/users/ben', { token })).status).toBe(401);
  });

  it.each([
    ['another client_id', { ...credentials, client_id: 'other' }, 400, 'client_id does not match'],
    ['no client_id', { grant_type: 'client_credentials' }, 400, 'client_id does not match'],
    ['another secret', { ...credentials, client_secret: 'x' }, 400, 'client_secret does not match'],
    [
      'a wrong password',
      { grant_type: 'password', username: 'anna', password: 'x' },
      400,
      'invalid username or password',
    ],
    ['no password', { grant_type: 'password', username: 'anna' }, 400, 'invalid username or password'],
    ['an unknown user', { grant_type: 'password', username: 'ben', password: 'pw' }, 404, 'user not found'],
  ])('given %s, then invalid_grant', async (_, body, status, description) => {
    await register({ username: 'anna', password: 'pw' });
    const answer = await login(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error: 'invalid_grant', error_description: description });
  });

  it.each([-1, 1.5, 1e12, 'soon', '', true])('given the ttl %s, then 400', async (ttl) => {
    expect((await login({ ...credentials, ttl })).status).toBe(400);
  });

  it('given an unknown app, then 404 names it', async () => {
    const answer = await easemob.raw('POST', '/acme/other/token', { token: null, body: credentials });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({
      error: 'organization_application_not_found',
      error_description: 'Could not find application for acme/other from URI: acme/other/token',
    });
  });
});

describe('tokens by the app’s own token (inherit)', () => {
  const inherit = (body: object, token?: string | null) =>
    easemob.call('POST', '/token', {
      body: { grant_type: 'inherit', ...body },
      ...(token === undefined ? {} : { token }),
    });

  it('given a registered user, then a token for that user, without a password', async () => {
    await register({ username: 'anna', password: 'pw' });
    const answer = await inherit({ username: 'anna', ttl: 60 });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ expires_in: 60, user: { username: 'anna' } });
    const token = String(answer.body['access_token']);
    expect((await easemob.call('GET', '/users/anna', { token })).status).toBe(200);
  });

  it('given an unknown user, then 404, unless it is to be made', async () => {
    const refused = await inherit({ username: 'anna', autoCreateUser: false });
    expect(refused.status).toBe(404);
    expect(refused.body['error_description']).toBe('user not found');
    expect((await inherit({ username: 'anna', autoCreateUser: true })).status).toBe(200);
    expect((await easemob.call('GET', '/users/anna')).status).toBe(200);
    const guess = { grant_type: 'password', username: 'anna', password: '' };
    expect((await login(guess)).status).toBe(400);
  });

  it.each([
    ['no name', { autoCreateUser: true }, 'Entity user requires a property named username'],
    ['a name that cannot be', { username: 'A b', autoCreateUser: true }, 'username [A b] is not legal'],
  ])('given %s, then 400', async (_, body, description) => {
    const answer = await inherit(body);
    expect(answer.status).toBe(400);
    expect(answer.body['error_description']).toBe(description);
  });

  it('given a deactivated user, then it is refused', async () => {
    await register({ username: 'anna', password: 'pw' });
    await easemob.call('POST', '/users/anna/deactivate');
    expect((await inherit({ username: 'anna' })).body['error_description']).toBe('user not activated');
  });

  it('given no app token, then 401 and nobody is made', async () => {
    for (const token of [null, 'nonsense', easemob.userToken('ben')]) {
      expect((await inherit({ username: 'anna', autoCreateUser: true }, token)).status).toBe(401);
    }
    expect((await easemob.call('GET', '/users/anna')).status).toBe(404);
  });
});

describe('when a token expires', () => {
  it('given a token that lives an hour, then its end in ms stands beside the envelope’s fields', async () => {
    await register({ username: 'anna', password: 'pw' });
    const answer = await login({ grant_type: 'password', username: 'anna', password: 'pw', ttl: 3_600 });
    const token = String(answer.body['access_token']);
    const expiry = await easemob.call('GET', '/sdk/users/anna/token/expires', { token });
    expect(expiry.status).toBe(200);
    expect(expiry.body['expire_timestamp']).toBe(easemob.clock.now() + 3_600_000);
    expect((await easemob.call('GET', '/sdk/users/ben/token/expires', { token })).status).toBe(401);
  });

  it('given a permanent token, then its end is a number that the SDK can count down to', async () => {
    const token = easemob.userToken('anna');
    const { body } = await easemob.call('GET', '/sdk/users/anna/token/expires', { token });
    expect(body['expire_timestamp']).toBeGreaterThan(easemob.clock.now() + 3_153_600_000_000);
  });
});

describe('users', () => {
  it('given one user, then its entity and never its password', async () => {
    const answer = await register({ username: 'anna', password: 'pw-1234', nickname: 'Anna 安娜' });
    expect(answer.status).toBe(200);
    const now = easemob.clock.now();
    expect(answer.body).toMatchObject({ path: '/users', action: 'post', applicationName: 'im' });
    expect(answer.body['entities']).toEqual([
      {
        uuid: expect.any(String),
        type: 'user',
        created: now,
        modified: now,
        username: 'anna',
        activated: true,
        nickname: 'Anna 安娜',
      },
    ]);
    const shown = await easemob.call('GET', '/users/anna');
    expect(shown.body).toMatchObject({ count: 1, entities: [{ username: 'anna' }] });
    expect(answer.text + shown.text).not.toContain('pw-1234');
  });

  it('given a list of 60, then all of them; given 61, then none', async () => {
    const list = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, index) => ({ username: `${prefix}${index}`, password: 'pw' }));
    expect((await register(list(60, 'a'))).body['entities']).toHaveLength(60);
    expect((await register(list(61, 'b'))).status).toBe(400);
    expect((await easemob.call('GET', '/users/b0')).status).toBe(404);
  });

  it.each([
    [
      'a taken name',
      [
        { username: 'ben', password: 'pw' },
        { username: 'anna', password: 'pw' },
      ],
      'anna',
    ],
    [
      'a name twice',
      [
        { username: 'ben', password: 'pw' },
        { username: 'ben', password: 'pw' },
      ],
      'ben',
    ],
  ])('given a list with %s, then nobody is registered', async (_, list, name) => {
    await register({ username: 'anna', password: 'pw' });
    const answer = await register(list);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: 'duplicate_unique_property_exists',
      error_description: `Application null Entity user requires that property named username be unique, value of ${name} exists`,
    });
    expect((await easemob.call('GET', '/users/ben')).status).toBe(404);
  });

  it.each([
    [{ password: 'pw' }, 'Entity user requires a property named username'],
    [{ username: '', password: 'pw' }, 'Entity user requires a property named username'],
    [{ username: 'A b', password: 'pw' }, 'username [A b] is not legal'],
    [{ username: 'x'.repeat(65), password: 'pw' }, 'USERNAME_TOO_LONG'],
    [{ username: 'anna' }, 'password or pin must provided'],
    [{ username: 'anna', password: 'p'.repeat(65) }, 'password must have at most 64 characters'],
    [
      { username: 'anna', password: 'pw', nickname: 'n'.repeat(101) },
      'nickname must have at most 100 characters',
    ],
  ])('given %j, then 400', async (body, description) => {
    const answer = await register(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: 'illegal_argument', error_description: description });
  });

  it('given no token, then registration is not open', async () => {
    expect((await register({ username: 'anna', password: 'pw' }, null)).status).toBe(401);
  });

  it('given an unknown user, then 404', async () => {
    const answer = await easemob.call('GET', '/users/nobody');
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ error: 'service_resource_not_found' });
  });
});
