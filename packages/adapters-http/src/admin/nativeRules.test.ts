import { limits, publicEventTypes } from '@recalld/domain';
import { changeRule } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';
import type { AdminWorld, Answered } from '../testing/adminWorld.js';

const daysMs = 86_400_000;

function secretOf(bytes: number, fill = 7): string {
  return `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;
}

function make({ ask }: AdminWorld, change: object = {}): Promise<Answered> {
  const hook = { name: 'native', url: 'https://backend.example.com/cb', dialect: 'native' };
  return ask('POST', 'callback-rules', { body: { ...hook, ...change } });
}

/** A rule made through the API; answers its id. */
async function given(world: AdminWorld, change: object = {}): Promise<string> {
  return String(Object((await make(world, { secret: secretOf(32), ...change })).body).id);
}

function patch({ ask }: AdminWorld, id: string, body: object): Promise<Answered> {
  return ask('PATCH', `callback-rules/${id}`, { body });
}

function stored({ ports, app }: AdminWorld, id: string) {
  return ports.rules.find(app.no, id);
}

const refused = { status: 400, body: { error: 'invalid_request' } };

describe('native callback rules', () => {
  it.each([undefined, null])('get a secret when they bring %j, shown in that answer only', async (secret) => {
    const world = await createAdminWorld();
    const { status, body } = await make(world, { secret });
    const made = body as { id: string; secret: string };
    expect(status).toBe(201);
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await stored(world, made.id))?.sealedSecret).toBe(`sealed:${made.secret}`);
    expect((await world.ask('GET', `callback-rules/${made.id}`)).text).not.toContain('whsec_');
  });

  it.each([24, 64])('take a secret of %d bytes', async (bytes) => {
    const world = await createAdminWorld();
    const { status, body, text } = await make(world, { secret: secretOf(bytes) });
    expect(status).toBe(201);
    expect(body).toMatchObject({ dialect: 'native', has_secret: true });
    expect(text).not.toContain('whsec_');
  });

  it.each([
    ['without its prefix', Buffer.alloc(32).toString('base64')],
    ['that is too short', secretOf(23)],
    ['that is no base64', `whsec_${'*'.repeat(44)}`],
  ])('refuse a secret %s', async (_, secret) => {
    const world = await createAdminWorld();
    const answer = await make(world, { secret });
    expect(answer).toMatchObject(refused);
    expect(answer.text).toMatch(/whsec_ and the base64 of 24 to 64 bytes/);
    expect(await patch(world, await given(world), { secret })).toMatchObject(refused);
  });

  it('always sign', async () => {
    const world = await createAdminWorld();
    const answer = await patch(world, await given(world), { secret: null });
    expect(answer).toMatchObject(refused);
    expect(answer.text).toMatch(/always signs/);
  });

  it('hear of everything, or of the events that they choose', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    expect((await stored(world, id))?.events).toBe(null);

    const events = [...publicEventTypes].reverse();
    const all = await patch(world, id, { events: [...events, events[0]].slice(1) });
    expect(all.body).toMatchObject({ events: publicEventTypes });
    const some = await patch(world, id, { events: ['attachment.purged', 'message.recalled'] });
    expect(some.body).toMatchObject({ events: ['message.recalled', 'attachment.purged'] });
    expect((await stored(world, id))?.events).toEqual(['message.recalled', 'attachment.purged']);
    expect((await patch(world, id, { events: null })).body).toMatchObject({ events: null });
  });

  it.each([[[]], [['message.sent']], ['message.recalled'], [[null]], [Array(7).fill('message.recalled')]])(
    'refuse %j as events',
    async (events) => {
      const world = await createAdminWorld();
      expect(await make(world, { events })).toMatchObject(refused);
    },
  );

  it('become so only with a secret that fits', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { dialect: 'easemob', secret: 's3cret' });

    const without = await patch(world, id, { dialect: 'native' });
    const unfit = await patch(world, id, { dialect: 'native', secret: 's3cret' });
    const fit = await patch(world, id, { dialect: 'native', secret: secretOf(24) });

    expect([without, unfit]).toMatchObject([refused, refused]);
    // An easemob secret is none that a native rule can sign with for a while longer.
    expect(fit).toMatchObject({ status: 200, body: { dialect: 'native', previous_secret_until: null } });
    expect(await stored(world, id)).toMatchObject({
      sealedSecret: `sealed:${secretOf(24)}`,
      previousSecret: null,
    });
  });

  it('become so with the secret that they have when it fits', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { dialect: 'easemob', secret: secretOf(24) });
    expect(await patch(world, id, { dialect: 'native' })).toMatchObject({ status: 200 });
  });

  it('become so only with a new secret when the one that they have is damaged', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { dialect: 'easemob' });
    const damaged = { sealedSecret: 'damaged' };
    await changeRule(world.ports.rules, world.app.no, id, damaged, world.clock.now());
    expect(await patch(world, id, { dialect: 'native' })).toMatchObject(refused);
    expect(await patch(world, id, { dialect: 'native', secret: secretOf(24) })).toMatchObject({
      status: 200,
    });
  });

  it('become easemob rules without their choice of events and their previous secret', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { events: ['message.recalled'] });
    await patch(world, id, { secret: secretOf(24) });

    expect(await patch(world, id, { dialect: 'easemob' })).toMatchObject(refused);
    const changed = await patch(world, id, { dialect: 'easemob', events: null });

    expect(changed).toMatchObject({ status: 200, body: { dialect: 'easemob', previous_secret_until: null } });
    expect((await stored(world, id))?.previousSecret).toBe(null);
  });
});

describe('a new secret of a native rule', () => {
  it('leaves the one before it valid for a day', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    const until = world.clock.now() + daysMs;

    const answer = await patch(world, id, { secret: secretOf(24) });

    expect(answer).toMatchObject({ status: 200, body: { previous_secret_until: until } });
    expect(answer.text).not.toContain('whsec_');
    expect(await stored(world, id)).toMatchObject({
      sealedSecret: `sealed:${secretOf(24)}`,
      previousSecret: { sealed: `sealed:${secretOf(32)}`, until },
    });
    world.clock.advance(daysMs);
    const later = await world.ask('GET', `callback-rules/${id}`);
    expect(later.body).toMatchObject({ previous_secret_until: null });
  });

  it('leaves the one before it valid for as long as it is told', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    const secret_overlap_seconds = limits.secretOverlapSecondsMax;
    const { body } = await patch(world, id, { secret: secretOf(24), secret_overlap_seconds });
    expect(body).toMatchObject({ previous_secret_until: world.clock.now() + 7 * daysMs });
  });

  it('voids every other one at once with no overlap', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    await patch(world, id, { secret: secretOf(24, 1) });
    const { body } = await patch(world, id, { secret: secretOf(24, 2), secret_overlap_seconds: 0 });
    expect(body).toMatchObject({ previous_secret_until: null });
    expect((await stored(world, id))?.previousSecret).toBe(null);
  });

  it.each([
    { secret_overlap_seconds: 10 },
    { secret: secretOf(24), secret_overlap_seconds: -1 },
    { secret: secretOf(24), secret_overlap_seconds: limits.secretOverlapSecondsMax + 1 },
    { secret: secretOf(24), secret_overlap_seconds: 1.5 },
    { secret: secretOf(24), secret_overlap_seconds: null },
  ])('is refused with %j', async (body) => {
    const world = await createAdminWorld();
    expect(await patch(world, await given(world), body)).toMatchObject(refused);
  });

  it('has no overlap in another dialect', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { dialect: 'easemob' });
    const body = { secret: 'n3w', secret_overlap_seconds: 10 };
    expect(await patch(world, id, body)).toMatchObject(refused);
    expect((await patch(world, id, { secret: 'n3w' })).body).toMatchObject({ previous_secret_until: null });
    expect((await stored(world, id))?.previousSecret).toBe(null);
  });
});
