import { limits } from '@recalld/domain';
import { ruleSample } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { attemptAll, claimAll, createAdminWorld, suspendRules } from '../testing/adminWorld.js';
import type { AdminWorld, Answered } from '../testing/adminWorld.js';

interface Job {
  readonly id: string;
  readonly queued: number;
}

/** An app with one rule, a delivery of it that arrived and one that is dead. */
async function given(): Promise<AdminWorld> {
  const world = await createAdminWorld();
  await world.ports.rules.create(ruleSample(world.app.no, 'rule-1'));
  for (const accepted of [true, false]) {
    await world.recall(await world.send());
    await attemptAll(world, accepted);
  }
  world.clock.advance(60_000);
  return world;
}

function start({ ask }: AdminWorld, body: unknown): Promise<Answered> {
  return ask('POST', 'redeliveries', { body });
}

/** Does the work of every job that runs. */
async function work({ ports, clock }: AdminWorld): Promise<void> {
  while ((await ports.redeliveries.step(clock.now(), 10)).more);
}

async function deliveries({ ask }: AdminWorld, query = ''): Promise<readonly string[]> {
  const { body } = await ask('GET', `deliveries${query}`);
  return (body as { entities: readonly { id: string }[] }).entities.map(({ id }) => id);
}

async function read({ ask }: AdminWorld, { body }: Answered): Promise<unknown> {
  return (await ask('GET', `redeliveries/${(body as Job).id}`)).body;
}

describe('redeliveries', () => {
  it('queue everything of a time that is over, and say how far they are', async () => {
    const world = await given();
    const now = world.clock.now();

    const answer = await start(world, { since: 0 });

    expect(answer).toEqual(
      expect.objectContaining({
        status: 202,
        body: {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          status: 'running',
          queued: 0,
          since: 0,
          until: now,
          rule_id: null,
          statuses: ['dead', 'delivered'],
          created_at: now,
          finished_at: null,
        },
      }),
    );
    expect(world.announced).toEqual(['redeliveriesStarted']);
    world.clock.advance(5);
    await work(world);
    expect(await read(world, answer)).toEqual({
      ...Object(answer.body),
      status: 'done',
      queued: 2,
      finished_at: now + 5,
    });
    expect([...(await claimAll(world))].sort()).toEqual([...(await deliveries(world))].sort());
  });

  it('queue those of one rule and one status only', async () => {
    const world = await given();
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-2'));
    const [dead] = await deliveries(world, '?status=dead');
    const body = { since: 0, until: world.clock.now(), rule_id: 'rule-1', statuses: ['dead'] };

    const answer = await start(world, body);
    const ofOther = await start(world, { ...body, rule_id: 'rule-2' });
    await work(world);

    expect(answer.body).toMatchObject(body);
    expect(await read(world, answer)).toMatchObject({ queued: 1 });
    expect(await read(world, ofOther)).toMatchObject({ queued: 0, status: 'done' });
    expect(await claimAll(world)).toEqual([dead]);
  });

  it('leave out what was planned outside of the time', async () => {
    const world = await given();
    const answer = await start(world, { since: world.clock.now() - 1 });
    await work(world);
    expect(await read(world, answer)).toMatchObject({ queued: 0 });
  });

  it('end now, however far off they are told to', async () => {
    const world = await given();
    const answer = await start(world, { since: 0, until: Number.MAX_SAFE_INTEGER });
    expect(answer).toMatchObject({ status: 202, body: { until: world.clock.now() } });
  });

  it('queue named deliveries, and pass over names that the app does not have', async () => {
    const world = await given();
    const [id = ''] = await deliveries(world, '?status=delivered');

    const answer = await start(world, { ids: [id, 'none', id] });
    await work(world);

    expect(answer).toMatchObject({
      status: 202,
      body: { ids: [id, 'none'], since: null, until: null, rule_id: null, statuses: null },
    });
    expect(await read(world, answer)).toMatchObject({ ids: [id, 'none'], queued: 1, status: 'done' });
    expect(await claimAll(world)).toEqual([id]);
  });

  it('try a suspended rule at once, and no other', async () => {
    const world = await given();
    await world.ports.rules.create(ruleSample(world.app.no, 'rule-2'));
    await suspendRules(world);
    const now = world.clock.now();
    const probes = async () => {
      const { body } = await world.ask('GET', 'callback-rules');
      return (body as { entities: readonly { next_probe_at: number }[] }).entities.map(
        ({ next_probe_at }) => next_probe_at === now,
      );
    };
    expect(await probes()).toEqual([false, false]);
    await start(world, { since: 0, rule_id: 'rule-1' });
    expect(await probes()).toEqual([true, false]);
    await start(world, { since: 0 });
    expect(await probes()).toEqual([true, true]);
  });

  it('are listed newest first, page by page, without the ids that they name', async () => {
    const world = await given();
    for (const id of ['a', 'b', 'c']) {
      world.clock.advance(1);
      await start(world, { ids: [id] });
    }
    const first = await world.ask('GET', 'redeliveries?limit=2');
    const { entities, cursor } = first.body as { entities: readonly Job[]; cursor: string };
    expect(entities).toHaveLength(2);
    expect(entities[0]).not.toHaveProperty('ids');
    const second = await world.ask('GET', `redeliveries?limit=2&cursor=${encodeURIComponent(cursor)}`);
    const rest = (second.body as { entities: readonly Job[] }).entities;
    const named = await Promise.all(
      [...entities, ...rest].map(async ({ id }) => (await world.ask('GET', `redeliveries/${id}`)).body),
    );
    expect(named).toMatchObject([{ ids: ['c'] }, { ids: ['b'] }, { ids: ['a'] }]);
    expect((await world.ask('GET', 'redeliveries?status=done')).status).toBe(400);
  });

  it.each([
    ['nothing', {}, /either ids, or since/],
    ['ids beside a time', { ids: ['a'], since: 0 }, /ids alone/],
    ['ids beside statuses', { ids: ['a'], statuses: ['dead'] }, /ids alone/],
    ['no ids', { ids: [] }, /ids/],
    ['too many ids', { ids: Array(limits.redeliveryIdsMax + 1).fill('a') }, /ids/],
    ['an empty id', { ids: [''] }, /ids/],
    ['an id that is too long', { ids: ['x'.repeat(65)] }, /ids/],
    ['an id with NUL', { ids: ['a\u0000'] }, /ids/],
    ['an id of broken Unicode', { ids: ['\ud800'] }, /ids/],
    ['ids that are numbers', { ids: [1] }, /ids/],
    ['a rule without a time', { rule_id: 'rule-1' }, /either ids, or since/],
    ['a time that is not one', { since: 'yesterday' }, /since/],
    ['a time before 1970', { since: -1 }, /since/],
    ['half a millisecond', { since: 0.5 }, /since/],
    ['a time to come', { since: Number.MAX_SAFE_INTEGER }, /before until, and in the past/],
    ['an end before the start', { since: 10, until: 10 }, /before until/],
    ['a rule with NUL', { since: 0, rule_id: 'a\u0000' }, /rule_id/],
    ['an unknown rule', { since: 0, rule_id: 'none' }, /rule_id/],
    ['no status', { since: 0, statuses: [] }, /statuses/],
    ['an unknown status', { since: 0, statuses: ['pending'] }, /"dead.*delivered/],
    ['an unknown field', { since: 0, colour: 'red' }, /Correct the request/],
    ['a list', [], /Correct the request/],
  ])('are refused with %s', async (_, body, sentence) => {
    const world = await given();
    const answer = await start(world, body);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(answer.text.replaceAll('\\', '')).toMatch(sentence);
    expect((await world.ask('GET', 'redeliveries')).body).toEqual({ entities: [] });
    expect(world.announced).toEqual([]);
  });

  it('take as many ids as a page has deliveries', async () => {
    const world = await given();
    const ids = Array.from({ length: limits.redeliveryIdsMax }, (_, n) => `${n}`.padStart(64, '0'));
    expect(await start(world, { ids })).toMatchObject({ status: 202, body: { ids } });
  });

  it('are a conflict when many of the app are not done, until one is', async () => {
    const world = await given();
    for (let n = 0; n < limits.redeliveryJobsRunningMax; n += 1) await start(world, { ids: [`d${n}`] });
    const announced = [...world.announced];

    const refused = await start(world, { since: 0 });
    expect(refused).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect(refused.text).toContain('at most 10 that are not');
    expect(world.announced).toEqual(announced);

    await world.ports.redeliveries.step(world.clock.now(), 10);
    expect(await start(world, { since: 0 })).toMatchObject({ status: 202 });
  });

  it('of another app, or none, are not found', async () => {
    const world = await given();
    await world.ports.apps.create({ ...world.app, name: 'other-app', uuid: 'other' });
    const { body } = await start(world, { since: 0 });
    const ofOther = `/admin/v1/apps/demo-org/other-app/redeliveries`;
    expect((await world.ask('GET', ofOther)).body).toEqual({ entities: [] });
    for (const path of [`${ofOther}/${(body as Job).id}`, 'redeliveries/none']) {
      expect(await world.ask('GET', path)).toMatchObject({ status: 404, body: { error: 'not_found' } });
    }
    expect((await world.ask('POST', 'redeliveries', { token: 'app:1', body: { since: 0 } })).status).toBe(
      202,
    );
    expect(
      (await world.ask('POST', 'redeliveries', { token: 'user:1:ann', body: { since: 0 } })).status,
    ).toBe(403);
  });
});
