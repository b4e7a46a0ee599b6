import { Overloaded, Unavailable } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import type { Method } from '../route.js';
import { createAdminWorld } from '../testing/adminWorld.js';

const errorBody = { error: expect.any(String), error_description: expect.stringMatching(/^[A-Z].+\.$/) };

describe('the management API', () => {
  it('takes the root token and the app\u2019s own, and no other', async () => {
    const { ask, ports, app } = await createAdminWorld();
    await ports.apps.create({ ...app, name: 'other-app', uuid: 'other' });
    const ofOther = '/admin/v1/apps/demo-org/other-app/recall-policy';

    expect((await ask('GET', 'recall-policy')).status).toBe(200);
    expect((await ask('GET', 'recall-policy', { token: 'app:1' })).status).toBe(200);
    expect((await ask('GET', ofOther, { token: 'app:2' })).status).toBe(200);

    const refused = [
      [null, 401, 'unauthorized'],
      ['nonsense', 401, 'unauthorized'],
      ['app:2', 401, 'unauthorized'],
      ['expired:1', 401, 'unauthorized'],
      ['user:1:ann', 403, 'forbidden'],
    ] as const;
    for (const [token, status, error] of refused) {
      const answer = await ask('GET', 'recall-policy', { token });
      expect(answer).toMatchObject({ status, body: { ...errorBody, error } });
    }
  });

  it('asks for a bearer token when there is none that is valid', async () => {
    const { ask } = await createAdminWorld();
    const { headers } = await ask('GET', 'recall-policy', { token: null });
    expect(headers['www-authenticate']).toBe('Bearer');
  });

  it('tells nobody but the operator whether an app exists', async () => {
    const { ask } = await createAdminWorld();
    const path = '/admin/v1/apps/demo-org/nowhere/recall-policy';
    expect(await ask('GET', path)).toMatchObject({ status: 404, body: { error: 'not_found' } });
    expect(await ask('GET', path, { token: 'app:1' })).toMatchObject({ status: 401 });
  });

  it.each<[Method, string, number]>([
    ['GET', '/admin/v1/nothing', 404],
    ['GET', 'nothing', 404],
    ['DELETE', 'recall-policy', 405],
    ['GET', `callback-rules/${'x'.repeat(65)}`, 404],
    ['GET', 'callback-rules/%00', 404],
    ['GET', 'callback-rules/%zz', 404],
    ['GET', 'messages/123/events?colour=red', 400],
    ['GET', 'recall-policy?limit=1', 400],
  ])('answers %s %s with its own shape and %i', async (method, path, status) => {
    const { ask } = await createAdminWorld();
    expect(await ask(method, path)).toMatchObject({ status, body: errorBody });
  });

  it.each([
    ['{"enabled":', 'application/json', 400],
    ['not json', 'text/plain', 400],
    ['', 'application/json', 400],
    ['"text"', 'application/json', 400],
    [`${'['.repeat(5000)}`, 'application/json', 400],
    [`{"enabled":true,"x":"${'x'.repeat(1_048_576)}"}`, 'application/json', 413],
    ['--x', 'multipart/form-data; boundary=x', 415],
  ])('refuses a body that is not right (%#)', async (raw, contentType, status) => {
    const { ask } = await createAdminWorld();
    const answer = await ask('PUT', 'recall-policy', { raw, contentType });
    expect(answer).toMatchObject({ status, body: errorBody });
  });

  it('never quotes a refused body, which may hold a secret', async () => {
    const { ask } = await createAdminWorld();
    const raw = '{"secret": "hush" "oops"';
    const { text } = await ask('POST', 'callback-rules', { raw });
    expect(text).not.toContain('hush');
    const wrong = { name: 'hook', url: 'https://a.example', dialect: 'easemob', secret: 'hush\n' };
    const answer = await ask('POST', 'callback-rules', { body: wrong });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('hush');
  });

  it('answers 503 while too much work is waiting or storage is away, and 500 without details when something failed', async () => {
    const failing = (fault: Error) => ({
      submit: () => Promise.reject(fault),
      drain: () => Promise.resolve(),
    });
    const busy = await createAdminWorld({ loop: failing(new Overloaded('65536 units are waiting')) });
    const body = { window_seconds: 60 };
    expect(await busy.ask('PUT', 'recall-policy', { body })).toMatchObject({ status: 503, body: errorBody });
    const away = await createAdminWorld({ loop: failing(new Unavailable('no connection to db.internal')) });
    const unavailable = await away.ask('PUT', 'recall-policy', { body });
    expect(unavailable).toMatchObject({
      status: 503,
      body: { ...errorBody, error: 'unavailable' },
      headers: { 'retry-after': '1' },
    });
    expect(unavailable.text).not.toContain('internal');
    const broken = await createAdminWorld({ loop: failing(new Error('/var/lib/disk is gone')) });
    const answer = await broken.ask('PUT', 'recall-policy', { body });
    expect(answer).toMatchObject({ status: 500, body: { ...errorBody, error: 'internal_error' } });
    expect(answer.text).not.toContain('disk');
  });
});
