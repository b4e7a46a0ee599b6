import { limits } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { createAdminWorld } from '../testing/adminWorld.js';
import type { AdminWorld, Answered } from '../testing/adminWorld.js';

const client = { client_certificate: 'PEM certificate', client_key: 'PEM key' };

function make({ ask }: AdminWorld, tls: unknown): Promise<Answered> {
  const hook = { name: 'hook', url: 'https://backend.example.com/cb', dialect: 'easemob', secret: 's' };
  return ask('POST', 'callback-rules', { body: { ...hook, tls } });
}

async function given(world: AdminWorld, tls: unknown): Promise<string> {
  return String(Object((await make(world, tls)).body).id);
}

function patch({ ask }: AdminWorld, id: string, body: object): Promise<Answered> {
  return ask('PATCH', `callback-rules/${id}`, { body });
}

async function storedTls({ ports, app }: AdminWorld, id: string) {
  return (await ports.rules.find(app.no, id))?.tls;
}

const refused = { status: 400, body: { error: 'invalid_request' } };

describe("a rule's TLS", () => {
  it('is answered without the key, which is stored sealed', async () => {
    const world = await createAdminWorld();

    const { status, body, text } = await make(world, { ca: 'PEM ca', ...client });

    expect(status).toBe(201);
    const { id, tls } = body as { id: string; tls: object };
    expect(tls).toEqual({ ca: 'PEM ca', client_certificate: 'PEM certificate', has_client_key: true });
    expect(text).not.toContain('PEM key');
    expect(await storedTls(world, id)).toEqual({
      ca: 'PEM ca',
      client: { certificate: 'PEM certificate', sealedKey: 'sealed:PEM key' },
    });
    expect((await world.ask('GET', 'callback-rules')).text).not.toContain('PEM key');
  });

  it.each([
    [{ ca: 'PEM ca' }, { ca: 'PEM ca', client_certificate: null, has_client_key: false }],
    [client, { ca: null, client_certificate: 'PEM certificate', has_client_key: true }],
    [{ ca: null, client_certificate: null, client_key: null }, null],
    [{}, null],
    [null, null],
  ])('made of %j is %j', async (sent, shown) => {
    const world = await createAdminWorld();
    expect(await make(world, sent)).toMatchObject({ status: 201, body: { tls: shown } });
  });

  it.each([
    ['a certificate without its key', { client_certificate: 'PEM certificate' }],
    ['a key without its certificate', { client_key: 'PEM key' }],
    ['authorities that cannot be read', { ca: 'nonsense' }],
    ['a certificate that cannot be read', { ...client, client_certificate: 'nonsense' }],
    ['a key that cannot be read', { ...client, client_key: 'nonsense' }],
    ['an empty text', { ca: '' }],
    ['a text that is too long', { ca: `PEM ${'x'.repeat(limits.callbackPemCharsMax)}` }],
    ['a text with NUL', { ca: 'PEM \u0000' }],
    ['a text of broken Unicode', { ca: 'PEM \ud800' }],
    ['an unknown field', { key: 'PEM key' }],
    ['something else than an object', 'PEM ca'],
  ])('is refused with %s, which is not repeated', async (_, tls) => {
    const world = await createAdminWorld();
    const answer = await make(world, tls);
    expect(answer).toMatchObject(refused);
    expect(answer.text).not.toMatch(/nonsense|PEM key/);
  });

  it('stays when a change leaves it out, and goes with null', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { ca: 'PEM ca' });
    expect((await patch(world, id, { enabled: false })).body).toMatchObject({ tls: { ca: 'PEM ca' } });
    expect((await patch(world, id, { tls: null })).body).toMatchObject({ tls: null });
    expect(await storedTls(world, id)).toBe(null);
  });

  it('is replaced as a whole, but a certificate that stays keeps its key', async () => {
    const world = await createAdminWorld();
    const id = await given(world, { ca: 'PEM ca', ...client });

    await patch(world, id, { tls: { client_certificate: 'PEM certificate' } });
    const kept = { certificate: 'PEM certificate', sealedKey: 'sealed:PEM key' };
    expect(await storedTls(world, id)).toEqual({ ca: null, client: kept });

    expect(await patch(world, id, { tls: { client_certificate: 'PEM other' } })).toMatchObject(refused);
    const key = { ...client, client_key: 'PEM new key' };
    expect(await patch(world, id, { tls: key })).toMatchObject({ status: 200 });
    expect(await storedTls(world, id)).toEqual({
      ca: null,
      client: { ...kept, sealedKey: 'sealed:PEM new key' },
    });

    await patch(world, id, { tls: { ca: 'PEM ca' } });
    expect(await storedTls(world, id)).toEqual({ ca: 'PEM ca', client: null });
  });

  it('needs an https URL', async () => {
    const world = await createAdminWorld({ callbackUrls: { refusal: () => undefined } });
    const id = await given(world, { ca: 'PEM ca' });
    const url = 'http://backend.example.com/cb';

    expect(await patch(world, id, { url })).toMatchObject(refused);
    expect(await patch(world, id, { url, tls: null })).toMatchObject({ status: 200 });
    expect(await patch(world, id, { tls: { ca: 'PEM ca' } })).toMatchObject(refused);
    expect(await patch(world, id, { url: 'HTTPS://a.example', tls: { ca: 'PEM ca' } })).toMatchObject({
      status: 200,
    });
  });
});
