import { describe, expect, it } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';

const path = '/admin/v1/apps';

describe('making an app', () => {
  it('answers its credentials once and keeps them sealed', async () => {
    const { ask, ports } = await createAdminWorld();

    const { status, body, headers } = await ask('POST', path, { body: { org: 'acme', app: 'im' } });

    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      org: 'acme',
      app: 'im',
      client_id: expect.stringMatching(/^.{16}$/),
      client_secret: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(headers['cache-control']).toBe('no-store');
    const app = await ports.apps.find('acme', 'im');
    expect(body).toMatchObject({ id: app?.uuid, client_id: app?.clientId });
    expect(`sealed:${String(Object(body).client_secret)}`).toBe(app?.sealedClientSecret);
    expect(app?.sealedSdkAppKey).toBeNull();
  });

  it('makes a UserSig key with an sdkappid', async () => {
    const { ask, ports } = await createAdminWorld();

    const { body } = await ask('POST', path, { body: { org: 'acme', app: 'im', sdkappid: 1_400_000_001 } });

    expect(body).toMatchObject({
      sdkappid: 1_400_000_001,
      sdkappid_key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const app = await ports.apps.find('acme', 'im');
    expect(app?.sealedSdkAppKey).toBe(`sealed:${String(Object(body).sdkappid_key)}`);
  });

  it('signs the tokens of each app under a key of its own', async () => {
    const { ask, ports } = await createAdminWorld();
    await ask('POST', path, { body: { org: 'acme', app: 'one' } });
    await ask('POST', path, { body: { org: 'acme', app: 'two' } });
    const [, one, two] = await ports.apps.all();
    expect(one?.sealedTokenKey).not.toBe(two?.sealedTokenKey);
  });

  it('answers 409 for an appkey or an sdkappid that is taken', async () => {
    const { ask } = await createAdminWorld();
    await ask('POST', path, { body: { org: 'acme', app: 'im', sdkappid: 7 } });

    const sameKey = await ask('POST', path, { body: { org: 'acme', app: 'im' } });
    expect(sameKey).toMatchObject({ status: 409, body: { error: 'conflict' } });
    const sameId = await ask('POST', path, { body: { org: 'acme', app: 'other', sdkappid: 7 } });
    expect(sameId).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect(Object(sameId.body).error_description).toMatch(/sdkappid/);
  });

  it.each([
    [{ org: 'acme' }],
    [{ org: 'acme', app: '' }],
    [{ org: 'acme#', app: 'im' }],
    [{ org: 'acme', app: 'i'.repeat(65) }],
    [{ org: 7, app: 'im' }],
    [{ org: 'acme', app: 'im', sdkappid: '1400000001' }],
    [{ org: 'acme', app: 'im', sdkappid: 0 }],
    [{ org: 'acme', app: 'im', sdkappid: 1.5 }],
    [{ org: 'acme', app: 'im', colour: 'red' }],
    [[]],
    [null],
    [undefined],
  ])('refuses %j', async (body) => {
    const { ask, ports } = await createAdminWorld();
    const { status, body: answer } = await ask('POST', path, { body });
    expect(answer).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(/^Correct /),
    });
    expect(status).toBe(400);
    expect(await ports.apps.all()).toHaveLength(1);
  });

  it('is for the operator alone', async () => {
    const { ask } = await createAdminWorld();
    const body = { org: 'acme', app: 'im' };
    for (const token of ['app:1', 'user:1:ann', 'nonsense', null]) {
      expect(await ask('POST', path, { body, token })).toMatchObject({ status: 401 });
    }
  });
});
