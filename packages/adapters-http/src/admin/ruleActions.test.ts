import { ruleSample, scriptedStore } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { attemptAll, claimAll, createAdminWorld, suspendRules } from '../testing/adminWorld.js';
import type { AdminWorld, Answered } from '../testing/adminWorld.js';

const native = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

async function given(rule: Parameters<typeof ruleSample>[2] = {}): Promise<AdminWorld> {
  const world = await createAdminWorld();
  await world.ports.rules.create(ruleSample(world.app.no, 'rule-1', { sealedSecret: 'sealed:old', ...rule }));
  return world;
}

function rotate({ ask }: AdminWorld, body?: unknown): Promise<Answered> {
  return ask('POST', 'callback-rules/rule-1/rotate-secret', { body });
}

function test({ ask }: AdminWorld): Promise<Answered> {
  return ask('POST', 'callback-rules/rule-1/test');
}

function stored({ ports, app }: AdminWorld) {
  return ports.rules.find(app.no, 'rule-1');
}

describe('rotating a secret', () => {
  it.each([undefined, {}, { secret: null }])(
    'with the body %j makes one, shown in that answer only',
    async (body) => {
      const world = await given({ dialect: 'native', sealedSecret: `sealed:${native}` });
      const until = world.clock.now() + 86_400_000;

      const answer = await rotate(world, body);

      expect(answer).toMatchObject({ status: 200, body: { id: 'rule-1', previous_secret_until: until } });
      const { secret } = answer.body as { secret: string };
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(secret).not.toBe(native);
      expect(await stored(world)).toMatchObject({
        sealedSecret: `sealed:${secret}`,
        previousSecret: { sealed: `sealed:${native}`, until },
      });
      expect((await world.ask('GET', 'callback-rules/rule-1')).text).not.toContain(secret);
      expect(world.announced).toEqual(['deliveriesDue']);
    },
  );

  it('takes one, which is not shown', async () => {
    const world = await given({ dialect: 'native' });
    const answer = await rotate(world, { secret: native, overlap_seconds: 0 });
    expect(answer).toMatchObject({ status: 200, body: { previous_secret_until: null } });
    expect(answer.text).not.toContain('whsec_');
    expect(await stored(world)).toMatchObject({ sealedSecret: `sealed:${native}`, previousSecret: null });
  });

  it.each(['easemob', 'tencent'] as const)('works in the %s dialect without an overlap', async (dialect) => {
    const world = await given({ dialect, sealedSecret: dialect === 'tencent' ? null : 'sealed:old' });
    expect(await rotate(world, { overlap_seconds: 0 })).toMatchObject({ status: 400 });
    expect((await stored(world))?.version).toBe(1);

    const answer = await rotate(world);

    expect(answer).toMatchObject({ status: 200, body: { has_secret: true, previous_secret_until: null } });
    const { secret } = answer.body as { secret: string };
    expect(secret).toMatch(/^[\w-]{32}$/);
    expect(await stored(world)).toMatchObject({ sealedSecret: `sealed:${secret}`, previousSecret: null });
  });

  it.each([
    { secret: 'no whsec' },
    { secret: '' },
    { secret: 'x'.repeat(257) },
    { overlap_seconds: 604_801 },
    { secret_overlap_seconds: 1 },
    [],
  ])('refuses %j', async (body) => {
    const world = await given({ dialect: 'native' });
    expect(await rotate(world, body)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await stored(world))?.version).toBe(1);
  });

  it('finds no rule that is not there', async () => {
    const world = await createAdminWorld();
    expect(await rotate(world)).toMatchObject({ status: 404, body: { error: 'not_found' } });
  });
});

describe('testing a rule', () => {
  it('answers the delivery of a callback to that rule alone', async () => {
    const world = await given();
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-2'));

    const answer = await test(world);

    expect(answer).toMatchObject({
      status: 202,
      body: { rule_id: 'rule-1', status: 'pending', attempts: 0, next_attempt_at: world.clock.now() },
    });
    expect((await world.ask('GET', 'deliveries')).body).toEqual({ entities: [answer.body] });
    expect(world.announced).toEqual(['deliveriesDue']);
    await attemptAll(world, true);
    const { id } = answer.body as { id: string };
    expect((await world.ask('GET', `deliveries/${encodeURIComponent(id)}`)).body).toMatchObject({
      id,
      status: 'delivered',
    });
  });

  it.each(['unknownWritten', 'unknownLost'] as const)(
    'answers the one delivery though nobody heard of its commit (%s)',
    async (fate) => {
      const world = await given();
      const { commands } = world.ports;
      const scripted = scriptedStore({ ...commands }, (_, nth) => (nth === 1 ? fate : 'written'));
      commands.commit = scripted.commit;

      const answer = await test(world);

      expect(scripted.commits).toHaveLength(fate === 'unknownWritten' ? 1 : 2);
      expect(answer).toMatchObject({ status: 202, body: { rule_id: 'rule-1', status: 'pending' } });
      expect((await world.ask('GET', 'deliveries')).body).toEqual({ entities: [answer.body] });
    },
  );

  it('makes a delivery of its own each time', async () => {
    const world = await given();
    const ids = [await test(world), await test(world)].map(({ body }) => String(Object(body).id));
    expect(new Set(ids).size).toBe(2);
  });

  it('tries a suspended rule at once', async () => {
    const world = await given();
    await suspendRules(world);
    const { status, body } = await test(world);
    expect({ status, body }).toMatchObject({ status: 202, body: { next_attempt_at: world.clock.now() } });
    expect(await claimAll(world)).toEqual([String(Object(body).id)]);
  });

  it('needs a rule that is enabled', async () => {
    const world = await given({ enabled: false });
    expect(await test(world)).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect((await world.ask('GET', 'deliveries')).body).toEqual({ entities: [] });
    expect(world.announced).toEqual([]);
  });

  it('finds no rule that is not there, or is of another app', async () => {
    const world = await given();
    await world.ports.apps.create({ ...world.app, name: 'other-app', uuid: 'other' });
    for (const path of ['callback-rules/none', '/admin/v1/apps/demo-org/other-app/callback-rules/rule-1']) {
      expect((await world.ask('POST', `${path}/test`)).status).toBe(404);
      expect((await world.ask('POST', `${path}/rotate-secret`)).status).toBe(404);
    }
  });
});
