import { describe, expect, it } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';

const path = '/admin/v1/read-models/rebuild';

describe('a rebuild of the read models', () => {
  it('is unknown before the first one', async () => {
    const { ask } = await createAdminWorld();
    expect(await ask('GET', path)).toMatchObject({ status: 404, body: { error: 'not_found' } });
  });

  it('is accepted and announced, and read while it goes on', async () => {
    const { ask, send, ports, clock, announced } = await createAdminWorld();
    await send();
    await send();
    const begun = { started_at: clock.now(), position: 0, through: 2, changed: 0, finished_at: null };

    expect(await ask('POST', path)).toMatchObject({ status: 202, body: begun });
    expect(announced).toContain('rebuildStarted');
    expect(await ask('GET', path)).toMatchObject({ status: 200, body: begun });

    await ports.readModels.step(clock.now(), 1);
    expect((await ask('GET', path)).body).toEqual({ ...begun, position: 1 });
  });

  it('is the one under way when it is asked for again, and another one when that is over', async () => {
    const { ask, send, ports, clock } = await createAdminWorld();
    await send();
    const first = await ask('POST', path);
    clock.advance(1_000);

    expect(await ask('POST', path)).toMatchObject({ status: 202, body: first.body });

    await ports.readModels.step(clock.now(), 100);
    expect((await ask('GET', path)).body).toMatchObject({ position: 1, finished_at: clock.now() });
    expect((await ask('POST', path)).body).toMatchObject({ started_at: clock.now(), finished_at: null });
  });

  it.each([
    ['no token', null, 401],
    ["an app's token", 'app:1', 401],
  ])('is refused to %s', async (_, token, status) => {
    const { ask, ports } = await createAdminWorld();
    expect((await ask('POST', path, { token })).status).toBe(status);
    expect((await ask('GET', path, { token })).status).toBe(status);
    expect(await ports.readModels.state()).toBeUndefined();
  });

  it('takes no parameters', async () => {
    const { ask } = await createAdminWorld();
    expect(await ask('POST', `${path}?app=1`)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });
});
