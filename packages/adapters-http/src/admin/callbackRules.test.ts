import { describe, expect, it } from 'vitest';
import { attemptAll, createAdminWorld, suspendRules } from '../testing/adminWorld.js';
import type { AdminWorld } from '../testing/adminWorld.js';

const hook = { name: 'hook', url: 'https://backend.example.com/cb', dialect: 'easemob', secret: 's3cret' };

/** A rule made through the API; answers its id. */
async function given(world: AdminWorld, change: object = {}): Promise<string> {
  const { body } = await world.ask('POST', 'callback-rules', { body: { ...hook, ...change } });
  return String(Object(body).id);
}

async function bindSdkAppId({ ports, app }: AdminWorld): Promise<void> {
  await ports.apps.changeCredentials(app.no, { sdkAppId: 1_400_000_001 });
}

describe('callback rules', () => {
  it('are made with defaults and answered without their secret', async () => {
    const world = await createAdminWorld();

    const { status, body } = await world.ask('POST', 'callback-rules', { body: hook });

    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'hook',
      url: 'https://backend.example.com/cb',
      dialect: 'easemob',
      chat_types: ['chat', 'groupchat', 'chatroom'],
      events: null,
      enabled: true,
      ordered: false,
      concurrency_max: null,
      tls: null,
      has_secret: true,
      previous_secret_until: null,
      health: 'healthy',
      failing_since: null,
      next_probe_at: null,
      created_at: world.clock.now(),
    });
    const rule = await world.ports.rules.find(world.app.no, String(Object(body).id));
    expect(rule?.sealedSecret).toBe('sealed:s3cret');
  });

  it('get a secret from the server when an easemob rule brings none, shown in that answer only', async () => {
    const world = await createAdminWorld();

    const { body } = await world.ask('POST', 'callback-rules', { body: { ...hook, secret: undefined } });

    const { id, secret } = Object(body) as { id: string; secret: string };
    expect(secret).toMatch(/^[\w-]{32}$/);
    expect((await world.ports.rules.find(world.app.no, id))?.sealedSecret).toBe(`sealed:${secret}`);
    expect((await world.ask('GET', `callback-rules/${id}`)).text).not.toContain(secret);
    expect((await world.ask('GET', 'callback-rules')).text).not.toContain(secret);
  });

  it('may go without a secret in the tencent dialect', async () => {
    const world = await createAdminWorld();
    await bindSdkAppId(world);
    const body = { ...hook, dialect: 'tencent', secret: undefined };
    const answer = await world.ask('POST', 'callback-rules', { body });
    expect(answer).toMatchObject({ status: 201, body: { dialect: 'tencent', has_secret: false } });
    expect(answer.body).not.toHaveProperty('secret');
  });

  it('speak the tencent dialect only for an app with an sdkappid', async () => {
    const world = await createAdminWorld();
    const tencent = { ...hook, dialect: 'tencent' };
    const refused = await world.ask('POST', 'callback-rules', { body: tencent });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(Object(refused.body).error_description).toMatch(/sdkappid/);
    const id = await given(world);
    const changed = await world.ask('PATCH', `callback-rules/${id}`, { body: { dialect: 'tencent' } });
    expect(changed.status).toBe(400);
  });

  it.each([
    ['an unknown dialect', { dialect: 'esperanto' }],
    ['a URL that the guard refuses', { url: 'http://127.0.0.1/' }],
    ['a URL that is too long', { url: `https://a.example/${'x'.repeat(2048)}` }],
    ['a URL of broken Unicode', { url: 'https://a.example/\ud800' }],
    ['an empty secret', { secret: '' }],
    ['a secret that is too long', { secret: 'x'.repeat(257) }],
    ['a secret that cannot be printed', { secret: 'tab\there' }],
    ['an empty name', { name: '' }],
    ['a name of blanks', { name: '   ' }],
    ['a name with a control character', { name: 'a\u0000b' }],
    ['a name of broken Unicode', { name: 'a\ud800' }],
    ['a name that is too long', { name: 'x'.repeat(65) }],
    ['no chat types', { chat_types: [] }],
    ['an unknown chat type', { chat_types: ['chat', 'email'] }],
    ['chat types that are no list', { chat_types: 'chat' }],
    ['an enabled that is not true or false', { enabled: 1 }],
    ['an order that is not true or false', { ordered: 'yes' }],
    ['no requests at a time', { concurrency_max: 0 }],
    ['too many requests at a time', { concurrency_max: 65 }],
    ['half a request at a time', { concurrency_max: 0.5 }],
    ['a choice of events in another dialect than native', { events: ['message.recalled'] }],
    ['an overlap, before there is a secret to overlap', { secret_overlap_seconds: 1 }],
    ['an unknown field', { colour: 'red' }],
    ['no name', { name: undefined }],
    ['no URL', { url: undefined }],
    ['no dialect', { dialect: undefined }],
  ])('are refused with %s', async (_, change) => {
    const world = await createAdminWorld();
    const answer = await world.ask('POST', 'callback-rules', { body: { ...hook, ...change } });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await world.ask('GET', 'callback-rules')).body).toEqual({ entities: [] });
  });

  it('have names that are unique in an app', async () => {
    const world = await createAdminWorld();
    await given(world);
    const other = await given(world, { name: 'other' });

    const made = await world.ask('POST', 'callback-rules', { body: hook });
    const renamed = await world.ask('PATCH', `callback-rules/${other}`, { body: { name: 'hook' } });

    expect(made).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect(renamed).toMatchObject({ status: 409, body: { error: 'conflict' } });
  });

  async function givenThree(world: AdminWorld): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      world.clock.advance(1);
      ids.push(await given(world, { name }));
    }
    return ids;
  }

  it('are listed page by page', async () => {
    const world = await createAdminWorld();
    await givenThree(world);

    const first = await world.ask('GET', 'callback-rules?limit=2');
    expect(first.body).toMatchObject({ entities: [{ name: 'a' }, { name: 'b' }] });
    const { cursor } = Object(first.body) as { cursor: string };
    const second = await world.ask('GET', `callback-rules?limit=2&cursor=${encodeURIComponent(cursor)}`);
    expect(second.body).toEqual({ entities: [expect.objectContaining({ name: 'c' })] });
  });

  it('go on behind a page whose last rule was removed since', async () => {
    const world = await createAdminWorld();
    const [, last = ''] = await givenThree(world);
    const first = await world.ask('GET', 'callback-rules?limit=2');
    const { cursor } = Object(first.body) as { cursor: string };
    await world.ask('DELETE', `callback-rules/${last}`);

    const second = await world.ask('GET', `callback-rules?limit=2&cursor=${encodeURIComponent(cursor)}`);

    expect(second.body).toEqual({ entities: [expect.objectContaining({ name: 'c' })] });
  });

  it('made in one moment are each on one page', async () => {
    const world = await createAdminWorld();
    const ids = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push(await given(world, { name }));
    const seen: string[] = [];
    let from = '';
    for (let page = 0; page < ids.length; page += 1) {
      const { body } = await world.ask('GET', `callback-rules?limit=1${from}`);
      const { entities, cursor } = body as { entities: readonly { id: string }[]; cursor?: string };
      seen.push(...entities.map(({ id }) => id));
      from = `&cursor=${encodeURIComponent(cursor ?? '')}`;
    }
    expect(seen).toEqual(ids.toSorted());
  });

  it('told a value that is none of a few, say which they are, and not what was sent', async () => {
    const world = await createAdminWorld();
    const answer = await world.ask('POST', 'callback-rules', { body: { ...hook, dialect: 'klingon' } });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(JSON.stringify('"easemob", "tencent", "native"').slice(1, -1));
    expect(answer.text).not.toContain('klingon');
  });

  it('start from the beginning for a cursor that no page gave', async () => {
    const world = await createAdminWorld();
    await given(world);
    const { body } = await world.ask('GET', 'callback-rules?cursor=nonsense');
    expect(body).toMatchObject({ entities: [{ name: 'hook' }] });
  });

  it.each(['0', '1001', '-1', '1.5', 'ten', '1e2'])('are not listed by a limit of %s', async (limit) => {
    const world = await createAdminWorld();
    expect((await world.ask('GET', `callback-rules?limit=${limit}`)).status).toBe(400);
  });

  it('change only what a PATCH names, as a new version', async () => {
    const world = await createAdminWorld();
    const id = await given(world);

    const body = { enabled: false, chat_types: ['chatroom', 'chat', 'chat'] };
    const answer = await world.ask('PATCH', `callback-rules/${id}`, { body });

    expect(answer).toMatchObject({
      status: 200,
      body: { id, name: 'hook', enabled: false, chat_types: ['chat', 'chatroom'], has_secret: true },
    });
    const rule = await world.ports.rules.find(world.app.no, id);
    expect(rule).toMatchObject({ sealedSecret: 'sealed:s3cret', version: 2 });
    expect((await world.ask('GET', `callback-rules/${id}`)).body).toEqual(answer.body);
  });

  it('keep order, and a bound of requests at a time, where they are asked to', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { ordered: true, concurrency_max: 64 });
    const read = await world.ask('GET', `callback-rules/${id}`);
    expect(read.body).toMatchObject({ ordered: true, concurrency_max: 64 });

    const body = { ordered: false, concurrency_max: null };
    const changed = await world.ask('PATCH', `callback-rules/${id}`, { body });
    expect(changed.body).toMatchObject(body);
    const rule = await world.ports.rules.find(world.app.no, id);
    expect(rule).toMatchObject({ ordered: false, concurrencyMax: null });
  });

  it('tell the worker when a change may have set something free', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { enabled: false });
    expect(world.announced).toEqual([]);
    await world.ask('PATCH', `callback-rules/${id}`, { body: { enabled: true } });
    expect(world.announced).toEqual(['deliveriesDue']);
  });

  it('say how their receivers are doing, and when a suspended one is tried next', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    const start = world.clock.now();
    await suspendRules(world);

    const { body } = await world.ask('GET', `callback-rules/${id}`);
    const now = world.clock.now();
    expect(body).toMatchObject({ health: 'suspended', next_probe_at: now + 60_000 });
    const { failing_since } = body as { failing_since: number };
    expect(failing_since).toBeGreaterThan(start);
    expect(failing_since).toBeLessThanOrEqual(now - 600_000);
    expect((await world.ask('GET', 'callback-rules')).body).toMatchObject({ entities: [body] });

    // Whoever corrects the URL believes that the receiver works.
    const url = 'https://backend.example.com/corrected';
    const corrected = await world.ask('PATCH', `callback-rules/${id}`, { body: { url } });
    expect(corrected.body).toMatchObject({ url, health: 'suspended', next_probe_at: now });
  });

  it('say that their receivers fail before they are suspended', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    await world.recall(await world.send());
    await attemptAll(world, false);
    expect((await world.ask('GET', `callback-rules/${id}`)).body).toMatchObject({
      health: 'failing',
      failing_since: world.clock.now(),
      next_probe_at: null,
    });
  });

  it('change their secret without showing it', async () => {
    const world = await createAdminWorld();
    const id = await given(world);
    const { text } = await world.ask('PATCH', `callback-rules/${id}`, { body: { secret: 'n3w' } });
    expect(text).not.toContain('n3w');
    expect((await world.ports.rules.find(world.app.no, id))?.sealedSecret).toBe('sealed:n3w');
  });

  it('stop signing in the tencent dialect alone', async () => {
    const world = await createAdminWorld();
    await bindSdkAppId(world);
    const easemob = await given(world);
    const tencent = await given(world, { name: 'tencent', dialect: 'tencent' });
    const unsigned = { body: { secret: null } };

    expect((await world.ask('PATCH', `callback-rules/${easemob}`, unsigned)).status).toBe(400);
    const answer = await world.ask('PATCH', `callback-rules/${tencent}`, unsigned);
    expect(answer).toMatchObject({ status: 200, body: { has_secret: false } });
    // A rule without a secret cannot become one that always signs.
    const back = await world.ask('PATCH', `callback-rules/${tencent}`, { body: { dialect: 'easemob' } });
    expect(back.status).toBe(400);
    const withSecret = { dialect: 'easemob', secret: 's' };
    expect((await world.ask('PATCH', `callback-rules/${tencent}`, { body: withSecret })).status).toBe(200);
  });

  it.each([[{}], [{ id: 'x' }], [{ created_at: 1 }], [{ url: 'http://a' }], [{ name: null }], [[]]])(
    'refuse the PATCH %j',
    async (body) => {
      const world = await createAdminWorld();
      const id = await given(world);
      expect((await world.ask('PATCH', `callback-rules/${id}`, { body })).status).toBe(400);
    },
  );

  it('are gone after DELETE', async () => {
    const world = await createAdminWorld();
    const id = await given(world);

    const gone = await world.ask('DELETE', `callback-rules/${id}`);

    expect(gone).toMatchObject({ status: 204, text: '' });
    for (const [method, body] of [['GET'], ['PATCH', { enabled: true }], ['DELETE']] as const) {
      const answer = await world.ask(method, `callback-rules/${id}`, { body });
      expect(answer).toMatchObject({ status: 404, body: { error: 'not_found' } });
    }
  });

  it('are of one app', async () => {
    const world = await createAdminWorld();
    await world.ports.apps.create({ ...world.app, name: 'other-app', uuid: 'other' });
    const id = await given(world);
    const ofOther = '/admin/v1/apps/demo-org/other-app/callback-rules';
    expect((await world.ask('GET', ofOther)).body).toEqual({ entities: [] });
    expect((await world.ask('GET', `${ofOther}/${id}`)).status).toBe(404);
    expect((await world.ask('DELETE', `${ofOther}/${id}`)).status).toBe(404);
  });
});
