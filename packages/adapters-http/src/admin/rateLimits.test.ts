import { rateLimitNames } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { rateLimitField } from '../rateLimitFields.js';
import { createAdminWorld } from '../testing/adminWorld.js';

const none = Object.fromEntries(rateLimitNames.map((name) => [rateLimitField(name), null]));

describe('the rate limits of an app', () => {
  it('are all off before anybody sets one', async () => {
    const { ask } = await createAdminWorld();
    const { status, body } = await ask('GET', 'rate-limits');
    expect(status).toBe(200);
    expect(body).toEqual(none);
    expect(Object.keys(none)).toContain('conversation_deletions_per_minute_and_user');
  });

  it('are answered and read as they were set, and hold for the app', async () => {
    const { ask, ports, app } = await createAdminWorld();
    const asked = { recalls_per_second: 100, conversation_lists_per_minute_and_user: 1_000_000 };

    const answer = await ask('PUT', 'rate-limits', { body: asked });

    expect(answer).toMatchObject({ status: 200, body: { ...none, ...asked } });
    expect((await ask('GET', 'rate-limits')).body).toEqual({ ...none, ...asked });
    expect((await ports.apps.findByNo(app.no))?.rateLimits).toEqual({
      recallsPerSecond: 100,
      conversationListsPerMinuteAndUser: 1_000_000,
    });
  });

  it('keep what the body leaves out, and lose what it sets to null', async () => {
    const { ask } = await createAdminWorld();
    await ask('PUT', 'rate-limits', { body: { recalls_per_second: 5, tokens_per_second: 6 } });
    const { body } = await ask('PUT', 'rate-limits', { body: { tokens_per_second: null } });
    expect(body).toEqual({ ...none, recalls_per_second: 5 });
  });

  it('are of one app', async () => {
    const { ask, ports, app } = await createAdminWorld();
    await ports.apps.create({ ...app, name: 'other-app', uuid: 'other' });
    await ask('PUT', 'rate-limits', { body: { recalls_per_second: 5 } });
    expect((await ask('GET', '/admin/v1/apps/demo-org/other-app/rate-limits')).body).toEqual(none);
  });

  it.each([
    [{ recalls_per_second: 0 }],
    [{ recalls_per_second: -1 }],
    [{ recalls_per_second: 1.5 }],
    [{ recalls_per_second: 1_000_001 }],
    [{ recalls_per_second: '5' }],
    [{ recalls_per_second: 5, recallsPerSecond: 5 }],
    [{ recalls_per_hour: 5 }],
    [{}],
    [[]],
  ])('refuse %j and stay as they were', async (body) => {
    const { ask } = await createAdminWorld();
    const answer = await ask('PUT', 'rate-limits', { body });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await ask('GET', 'rate-limits')).body).toEqual(none);
  });

  it.each(['app:1', 'user:1:ann', 'expired:1', 'nonsense', null])(
    'are not set with the token %s',
    async (token) => {
      const { ask } = await createAdminWorld();
      await ask('PUT', 'rate-limits', { body: { recalls_per_second: 5 } });
      const answer = await ask('PUT', 'rate-limits', { token, body: { recalls_per_second: null } });
      expect(answer).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
      expect((await ask('GET', 'rate-limits')).body).toMatchObject({ recalls_per_second: 5 });
    },
  );

  it('are read by the app itself, and by nobody else’s app', async () => {
    const { ask } = await createAdminWorld();
    expect((await ask('GET', 'rate-limits', { token: 'app:1' })).status).toBe(200);
    expect((await ask('GET', 'rate-limits', { token: 'app:2' })).status).toBe(401);
    expect((await ask('GET', 'rate-limits', { token: 'user:1:ann' })).status).toBe(403);
  });

  it('given an unknown app, then 404', async () => {
    const { ask } = await createAdminWorld();
    const path = '/admin/v1/apps/demo-org/nothing/rate-limits';
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('PUT', path, { body: { recalls_per_second: 5 } })).status).toBe(404);
  });
});
