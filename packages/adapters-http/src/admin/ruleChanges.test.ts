import { limits } from '@recalld/domain';
import { ruleSample } from '@recalld/domain/testing';
import { describe, expect, it, vi } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';
import type { AdminWorld } from '../testing/adminWorld.js';

const secretOf = (fill: number) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
const conflict = { status: 409, body: { error: 'conflict' } };

/** A native rule that signs with a secret of sevens. */
async function given(): Promise<AdminWorld> {
  const world = await createAdminWorld();
  const native = { dialect: 'native', sealedSecret: `sealed:${secretOf(7)}` } as const;
  await world.ports.rules.create(ruleSample(world.app.no, 'rule-1', native));
  return world;
}

function patch({ ask }: AdminWorld, body: object) {
  return ask('PATCH', 'callback-rules/rule-1', { body });
}

function stored({ ports, app }: AdminWorld) {
  return ports.rules.find(app.no, 'rule-1');
}

describe('two changes of a rule at once', () => {
  it('given each is right by itself, then what they make together is checked', async () => {
    const world = await given();

    const answers = await Promise.all([
      patch(world, { dialect: 'easemob' }),
      patch(world, { events: ['message.recalled'] }),
    ]);

    expect(answers).toMatchObject([{ status: 200 }, { status: 400, body: { error: 'invalid_request' } }]);
    expect(await stored(world)).toMatchObject({ dialect: 'easemob', events: null });
  });

  it('given they fit each other, then both are made', async () => {
    const world = await given();
    const answers = await Promise.all([patch(world, { name: 'renamed' }), patch(world, { ordered: true })]);
    expect(answers).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(await stored(world)).toMatchObject({ name: 'renamed', ordered: true, version: 3 });
  });

  it('given two new secrets, then the later one leaves the other one valid', async () => {
    const world = await given();
    const rotate = (secret: string) =>
      world.ask('POST', 'callback-rules/rule-1/rotate-secret', { body: { secret } });

    const answers = await Promise.all([rotate(secretOf(1)), rotate(secretOf(2))]);

    expect(answers).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(await stored(world)).toMatchObject({
      sealedSecret: `sealed:${secretOf(2)}`,
      previousSecret: { sealed: `sealed:${secretOf(1)}` },
    });
  });

  it('given two secrets that the server makes, then each answer shows the one that was stored', async () => {
    const world = await given();
    const rotate = () => world.ask('POST', 'callback-rules/rule-1/rotate-secret');
    const [first, second] = (await Promise.all([rotate(), rotate()])).map(({ body }) => Object(body).secret);
    expect(await stored(world)).toMatchObject({
      sealedSecret: `sealed:${second}`,
      previousSecret: { sealed: `sealed:${first}` },
    });
  });

  it('given others that never cease to change it, then it is a conflict', async () => {
    const world = await given();
    const change = vi.spyOn(world.ports.rules, 'change').mockResolvedValue('moved');
    for (const answer of [
      await patch(world, { ordered: true }),
      await world.ask('POST', 'callback-rules/rule-1/rotate-secret'),
    ]) {
      expect(answer).toMatchObject(conflict);
      expect(answer.text).toContain('Send the request again');
      expect(answer.text).not.toContain('whsec_');
    }
    expect(change.mock.calls.length).toBeLessThan(20);
    expect(world.announced).toEqual([]);
  });

  it('given a rule that is removed meanwhile, then it is not found', async () => {
    const world = await given();
    const [removed, changed] = await Promise.all([
      world.ask('DELETE', 'callback-rules/rule-1'),
      patch(world, { ordered: true }),
    ]);
    expect([removed, changed]).toMatchObject([{ status: 204 }, { status: 404 }]);
  });
});

describe('more rules than an app may have', () => {
  it('are a conflict, until one is removed', async () => {
    const world = await given();
    for (let n = 2; n <= limits.callbackRulesMax; n += 1) {
      await world.ports.rules.create(ruleSample(world.app.no, `rule-${n}`, { name: `rule ${n}` }));
    }
    const body = { name: 'one more', url: 'https://backend.example.com/cb', dialect: 'easemob' };
    const refused = await world.ask('POST', 'callback-rules', { body });
    expect(refused).toMatchObject(conflict);
    expect(refused.text).toContain('an app has at most 100');

    await world.ask('DELETE', 'callback-rules/rule-1');
    expect(await world.ask('POST', 'callback-rules', { body })).toMatchObject({ status: 201 });
  });
});
