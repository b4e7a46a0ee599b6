import { Unavailable } from '@recalld/domain';
import { attemptSample, ruleSample } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { attemptAll, claimAll, createAdminWorld, leaseMs, suspendRules } from '../testing/adminWorld.js';
import type { AdminWorld } from '../testing/adminWorld.js';
import type { AdminDeps } from './deps.js';

interface Listed {
  readonly entities: readonly {
    readonly id: string;
    readonly rule_id: string;
    readonly status: string;
    readonly next_attempt_at: number | null;
  }[];
  readonly cursor?: string;
}

/** An app with one rule and as many recalls, hence deliveries, as asked for. */
async function given(recalls: number, change: Partial<AdminDeps> = {}): Promise<AdminWorld> {
  const world = await createAdminWorld(change);
  await world.ports.rules.create(ruleSample(world.app.no, 'rule-1'));
  for (let n = 0; n < recalls; n += 1) await world.recall(await world.send());
  return world;
}

async function list({ ask }: AdminWorld, query = ''): Promise<Listed> {
  return (await ask('GET', `deliveries${query}`)).body as Listed;
}

async function only(world: AdminWorld): Promise<string> {
  const { entities } = await list(world);
  expect(entities).toHaveLength(1);
  return entities[0]?.id ?? '';
}

describe('deliveries', () => {
  it('are listed with what an operator needs to know', async () => {
    const world = await given(1);
    expect(await list(world)).toEqual({
      entities: [
        {
          id: expect.any(String),
          rule_id: 'rule-1',
          rule_name: 'rule rule-1',
          call_id: 'call-2',
          url: 'https://backend.example.com/callbacks',
          status: 'pending',
          attempts: 0,
          last_status: null,
          last_error: null,
          next_attempt_at: world.clock.now(),
          created_at: world.clock.now(),
        },
      ],
    });
  });

  it('are pending until they are over, also while an attempt is under way', async () => {
    const world = await given(1);
    await claimAll(world);
    const { entities } = await list(world, '?status=pending');
    expect(entities).toMatchObject([{ status: 'pending', next_attempt_at: world.clock.now() + leaseMs }]);
  });

  it('are listed by status', async () => {
    const world = await given(1);
    await attemptAll(world, true);
    await world.recall(await world.send());
    await attemptAll(world, false);
    await world.recall(await world.send());

    const statuses = async (query: string) => (await list(world, query)).entities.map(({ status }) => status);
    expect(await statuses('?status=delivered')).toEqual(['delivered']);
    expect(await statuses('?status=dead')).toEqual(['dead']);
    expect(await statuses('?status=pending')).toEqual(['pending']);
    expect(await statuses('')).toEqual(['pending', 'dead', 'delivered']);
    expect(await statuses('?status=')).toHaveLength(3);
  });

  it('are listed page by page, each once', async () => {
    const world = await given(5);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const from = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await list(world, `?limit=2${from}`);
      seen.push(...page.entities.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual((await list(world)).entities.map(({ id }) => id));
    expect(new Set(seen).size).toBe(5);
  });

  it.each([
    '?status=broken',
    '?limit=0',
    '?limit=1001',
    '?colour=red',
    `?rule_id=${'x'.repeat(65)}`,
    '?rule_id=%00',
    `?cursor=${'x'.repeat(513)}`,
  ])('are not listed by %s', async (query) => {
    const { ask } = await given(1);
    const answer = await ask('GET', `deliveries${query}`);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('show one with its request and every attempt', async () => {
    const world = await given(1);
    const id = await only(world);
    const at = world.clock.now();
    await attemptAll(world, false);

    const { status, body } = await world.ask('GET', `deliveries/${encodeURIComponent(id)}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      status: 'dead',
      attempts: 1,
      last_status: 500,
      next_attempt_at: null,
      request_body: '1',
      attempt_log: [
        {
          requested_at: at,
          took_ms: 12,
          request: {
            url: 'https://backend.example.com/callbacks',
            headers: { 'content-type': 'application/json' },
          },
          status: 500,
          error: null,
          answer_head: 'no',
        },
      ],
    });
  });

  it('show one whose request cannot be made any more, without it', async () => {
    const render = () => Promise.reject(new Error('the secret was not sealed under this key'));
    const world = await given(1, { callbackRequests: { render, callId: () => null } });
    const { status, body, text } = await world.ask(
      'GET',
      `deliveries/${encodeURIComponent(await only(world))}`,
    );
    expect({ status, body }).toMatchObject({ status: 200, body: { request_body: null, attempt_log: [] } });
    expect(text).not.toContain('sealed');
  });

  it('are not shown as if theirs were lost while storage is away', async () => {
    const render = () => Promise.reject(new Unavailable('the connection was lost'));
    const world = await given(1, { callbackRequests: { render, callId: () => null } });
    const answer = await world.ask('GET', `deliveries/${encodeURIComponent(await only(world))}`);
    expect(answer).toMatchObject({ status: 503, body: { error: 'unavailable' } });
  });

  it('show attempts whose request could not be made', async () => {
    const world = await given(1);
    const id = await only(world);
    await claimAll(world, 'w');
    const state = { status: 'dead', attempts: 1 } as const;
    const attempt = attemptSample({ request: null, status: null, error: 'no request', answerHead: null });
    await world.ports.deliveries.settle([{ id, owner: 'w', state, attempt }], world.clock.now());
    const { body } = await world.ask('GET', `deliveries/${encodeURIComponent(id)}`);
    expect(body).toMatchObject({ attempt_log: [{ request: null, status: null, error: 'no request' }] });
  });

  it('are listed by rule', async () => {
    const world = await given(1);
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-2'));
    await world.recall(await world.send());

    const rulesOf = async (query: string) =>
      (await list(world, query)).entities.map(({ rule_id }) => rule_id);
    expect(await rulesOf('?rule_id=rule-1')).toEqual(['rule-1', 'rule-1']);
    expect(await rulesOf('?rule_id=rule-2&status=pending')).toEqual(['rule-2']);
    expect(await rulesOf('?rule_id=rule-2&status=dead')).toEqual([]);
    expect(await rulesOf('?rule_id=none')).toEqual([]);
    expect(await rulesOf('')).toHaveLength(3);
  });

  it('that stand behind another one are pending, without a time', async () => {
    const world = await createAdminWorld();
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-1', { ordered: true }));
    for (let n = 0; n < 2; n += 1) await world.recall(await world.send());
    expect((await list(world)).entities).toMatchObject([
      { status: 'pending', next_attempt_at: null },
      { status: 'pending', next_attempt_at: expect.any(Number) },
    ]);
  });

  it('of a rule that is not enabled are pending, without a time', async () => {
    const world = await given(1);
    await world.ask('PATCH', 'callback-rules/rule-1', { body: { enabled: false } });
    expect((await list(world)).entities).toMatchObject([{ status: 'pending', next_attempt_at: null }]);
  });

  it('of a suspended rule wait for its probe, which a redelivery brings about at once', async () => {
    const world = await given(0);
    await suspendRules(world);
    await world.recall(await world.send());
    const now = world.clock.now();
    const { entities } = await list(world);
    const next = entities.map(({ next_attempt_at }) => next_attempt_at);
    const { body: rule } = await world.ask('GET', 'callback-rules/rule-1');
    expect(next).toEqual([Object(rule).next_probe_at, null, null]);
    expect(next[0]).toBeGreaterThan(now);
    expect(await claimAll(world)).toEqual([]);

    const id = encodeURIComponent(entities.at(-1)?.id ?? '');
    const answer = await world.ask('POST', `deliveries/${id}/redeliver`);

    expect(answer).toMatchObject({ status: 202, body: { status: 'pending', next_attempt_at: now } });
    expect(await claimAll(world)).toHaveLength(1);
  });

  it('are queued again under the same id, and the worker is told', async () => {
    const world = await given(1);
    const id = await only(world);
    await attemptAll(world, false);
    world.clock.advance(60_000);

    const answer = await world.ask('POST', `deliveries/${encodeURIComponent(id)}/redeliver`);

    expect(answer).toMatchObject({ status: 202, body: { id, status: 'pending' } });
    expect(world.announced).toEqual(['deliveriesDue']);
    expect(await claimAll(world)).toEqual([id]);
  });

  it('are not queued again while an attempt is under way', async () => {
    const world = await given(1);
    const id = await only(world);
    await claimAll(world);
    const answer = await world.ask('POST', `deliveries/${encodeURIComponent(id)}/redeliver`);
    expect(answer).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect(world.announced).toEqual([]);
  });

  it('are not queued again for a rule that was removed', async () => {
    const world = await given(1);
    const id = encodeURIComponent(await only(world));
    await world.ask('DELETE', 'callback-rules/rule-1');
    const answer = await world.ask('POST', `deliveries/${id}/redeliver`);
    expect(answer).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect(world.announced).toEqual([]);
    expect((await world.ask('GET', `deliveries/${id}`)).body).toMatchObject({ status: 'dead' });
  });

  it('of no app, or of another, are not found', async () => {
    const world = await given(1);
    const id = encodeURIComponent(await only(world));
    await world.ports.apps.create({ ...world.app, name: 'other-app', uuid: 'other' });
    for (const path of ['deliveries/none', `/admin/v1/apps/demo-org/other-app/deliveries/${id}`]) {
      expect((await world.ask('GET', path)).status).toBe(404);
      expect((await world.ask('POST', `${path}/redeliver`)).status).toBe(404);
    }
  });
});
