import { describe, expect, it } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';

describe('the recall policy', () => {
  it('is on with two minutes before anybody changes it', async () => {
    const { ask } = await createAdminWorld();
    const { status, body } = await ask('GET', 'recall-policy');
    expect(status).toBe(200);
    expect(body).toEqual({ enabled: true, window_seconds: 120 });
  });

  it('is answered and read as it was set', async () => {
    const { ask } = await createAdminWorld();
    const policy = { enabled: false, window_seconds: 604_800 };

    expect(await ask('PUT', 'recall-policy', { body: policy })).toMatchObject({ status: 200, body: policy });

    expect((await ask('GET', 'recall-policy')).body).toEqual(policy);
  });

  it('holds for the next recall', async () => {
    const { ask, send, recall } = await createAdminWorld();
    const msgId = await send();
    await ask('PUT', 'recall-policy', { body: { enabled: false } });
    expect(await recall(msgId)).toEqual({ ok: false, code: 'serviceDisabled' });
  });

  it('keeps what the body leaves out', async () => {
    const { ask } = await createAdminWorld();
    await ask('PUT', 'recall-policy', { body: { window_seconds: 5 } });
    await ask('PUT', 'recall-policy', { body: { enabled: false } });
    expect((await ask('GET', 'recall-policy')).body).toEqual({ enabled: false, window_seconds: 5 });
  });

  it('is of one app', async () => {
    const { ask, ports, app } = await createAdminWorld();
    await ports.apps.create({ ...app, name: 'other-app', uuid: 'other' });
    await ask('PUT', 'recall-policy', { body: { window_seconds: 5 } });
    const { body } = await ask('GET', '/admin/v1/apps/demo-org/other-app/recall-policy');
    expect(body).toEqual({ enabled: true, window_seconds: 120 });
  });

  it.each([
    [{ window_seconds: 0 }],
    [{ window_seconds: 604_801 }],
    [{ window_seconds: 1.5 }],
    [{ window_seconds: '60' }],
    [{ window_seconds: null }],
    [{ enabled: 'true' }],
    [{ enabled: true, window: 60 }],
    [{}],
    [[]],
  ])('refuses %j and stays as it was', async (body) => {
    const { ask } = await createAdminWorld();
    const answer = await ask('PUT', 'recall-policy', { body });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await ask('GET', 'recall-policy')).body).toEqual({ enabled: true, window_seconds: 120 });
  });

  it('may not be longer than messages are kept', async () => {
    const settings = { publicUrl: null, messageRetentionMs: 3_600_000, logRequests: false };
    const { ask } = await createAdminWorld({ settings });

    expect((await ask('PUT', 'recall-policy', { body: { window_seconds: 3600 } })).status).toBe(200);
    const answer = await ask('PUT', 'recall-policy', { body: { window_seconds: 3601 } });

    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(Object(answer.body).error_description).toMatch(/keeps messages/);
  });

  it('adds no event when it is set to what it is', async () => {
    const { ask, ports } = await createAdminWorld();
    await ask('PUT', 'recall-policy', { body: { enabled: true, window_seconds: 120 } });
    expect((await ports.log.read({ after: 0, limit: 10 })).events).toEqual([]);
  });
});
