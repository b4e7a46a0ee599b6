import { Contended, limits, Overloaded, Unavailable } from '@recalld/domain';
import { beforeEach, describe, expect, it } from 'vitest';
import { createUplinkWorld, failingLoop, idOf, textOf } from '../testing/uplinkWorld.js';
import type { Change, TestDevice, UplinkWorld } from '../testing/uplinkWorld.js';
import { valueTypes } from '../wire/keyValue.js';
import { bodyTypes, contentTypes } from '../wire/messageBody.js';
import { namespaces } from '../wire/meta.js';

let world: UplinkWorld;
let alice: TestDevice;

beforeEach(async () => {
  world = await createUplinkWorld();
  alice = world.device('alice');
});

const trafficLimit = { ok: false, code: 7, reason: 'traffic limit' };

describe('what is no message', () => {
  const text = { type: contentTypes.text, text: 'hi' };

  it.each<[string, string, Change]>([
    ['in the name of another user', 'wrong: from', { body: { from: { name: 'bob' } } }],
    ['in nobody’s name', 'wrong: from', { body: { from: {} } }],
    ['that shows another receiver', 'wrong: to', { body: { to: { name: 'carol' } } }],
    ['to nobody', 'missing: to', { meta: { to: { domain: 'easemob.com' } } }],
    ['to another kind of chat', 'wrong: type', { body: { type: bodyTypes.groupchat } }],
    ['to another server', 'wrong: to', { meta: { to: { name: 'bob', domain: 'example.com' } } }],
    ['without contents', 'missing: contents', { body: { contents: [] } }],
    ['with many contents', 'too many: contents', { body: { contents: Array(17).fill(text) } }],
    [
      'that receivers could not read',
      'wrong: ext',
      { body: { ext: [{ key: 'a', type: valueTypes.jsonString, stringValue: '{' }] } },
    ],
    ['in broken bytes', 'not readable', { meta: { payload: Buffer.from([10, 200]) } }],
  ])('%s is refused: %s', async (_, reason, change) => {
    expect(await alice.text('bob', change)).toEqual({ ok: false, code: 4, reason });

    expect(await world.events()).toEqual([]);
  });

  it('and points at more files than a message may is refused', async () => {
    const contents = Array.from({ length: 16 }, (_, n) => ({
      type: contentTypes.video,
      remotePath: `a${n}`,
      thumbnailRemotePath: `b${n % 2}`,
    }));

    expect(await alice.text('bob', { body: { contents } })).toEqual({
      ok: false,
      code: 4,
      reason: 'too many: contents',
    });
  });

  it.each([
    ['an edit', bodyTypes.edit, 'Sorry, edit is not available'],
    ['a type that nobody knows', 77, 'not supported by this server'],
    ['the type that SDKs ignore', bodyTypes.normal, 'not supported by this server'],
  ])('but %s is refused in words that end the caller’s wait', async (_, type, reason) => {
    expect(await alice.text('bob', { body: { type } })).toEqual({ ok: false, code: 1, reason });
  });

  it.each(['roster', 'conference', 'notify', 'query'] as const)('but a word of %s is refused', async (ns) => {
    expect(await alice.raw({ id: '1', ns: namespaces[ns] })).toMatchObject({ ok: false, code: 1 });
  });

  it('but a count of the client’s own is not answered', async () => {
    expect(await alice.raw({ id: '1', ns: namespaces.statistic })).toBeNull();
  });
});

describe('a message that is too large', () => {
  /** A text whose stored Meta has so many bytes. */
  async function sendOf(bytes: number) {
    const empty = await createUplinkWorld();
    const probe = 'x'.repeat(bytes - 200);
    const msgId = idOf(await empty.device('alice').text('bob', { body: { contents: [textOf(probe)] } }));
    const stored = (await empty.ports.contents.read(empty.app.no, [msgId])).get(msgId);
    const rest = bytes - (stored?.payload.length ?? 0);
    return alice.text('bob', { body: { contents: [textOf(probe + 'x'.repeat(rest))] } });
  }

  it('by one byte is refused, one that just fits is sent', async () => {
    expect(await sendOf(limits.clientMessageBytesMax)).toMatchObject({ ok: true });
    expect(await sendOf(limits.clientMessageBytesMax + 1)).toEqual({
      ok: false,
      code: 7,
      reason: 'Sorry, data is too large',
    });
    expect(await world.events()).toHaveLength(1);
  });

  it('is told so before anything else is looked at', async () => {
    const many = Array(5_000).fill({ key: 'k' }) as readonly { readonly key: string }[];

    expect(await alice.text('bob', { body: { ext: many } })).toMatchObject({ code: 7 });
  });
});

describe('a limit of the app', () => {
  it('refuses messages until its window is over, and counts all of its users', async () => {
    await world.ports.rateLimits.change(world.app.no, { clientMessagesPerSecond: 2 });

    const answers = await Promise.all([alice, world.device('bob'), alice].map((each) => each.text('carol')));

    expect(answers).toMatchObject([{ ok: true }, { ok: true }, trafficLimit]);
    expect(await world.events()).toHaveLength(2);
    world.clock.advance(1_000);
    expect(await alice.text('carol')).toMatchObject({ ok: true });
  });

  it('on recalls leaves messages alone, and the message stays', async () => {
    await world.ports.rateLimits.change(world.app.no, { clientRecallsPerSecond: 1 });
    const [first, second] = [idOf(await alice.text('bob')), idOf(await alice.text('bob'))];
    idOf(await alice.recall(first, 'bob'));

    expect(await alice.recall(second, 'bob')).toEqual(trafficLimit);

    expect((await world.ports.contents.read(world.app.no, [second])).size).toBe(1);
    expect(await alice.text('bob')).toMatchObject({ ok: true });
  });

  it('counts neither what is malformed nor what the SDKs acknowledge by themselves', async () => {
    await world.ports.rateLimits.change(world.app.no, {
      clientMessagesPerSecond: 1,
      clientRecallsPerSecond: 1,
    });

    await alice.text('bob', { body: { contents: [] } });
    await alice.signal('deliveryAck', 'bob', { body: { ackMessageId: '5' } });

    expect(await alice.text('bob')).toMatchObject({ ok: true });
    // Nobody would catch its refusal.
    expect(await alice.signal('deliveryAck', 'bob', { body: { ackMessageId: '5' } })).toMatchObject({
      ok: true,
    });
  });

  it.each(['readAck', 'channelAck'] as const)('on messages counts each %s', async (type) => {
    await world.ports.rateLimits.change(world.app.no, { clientMessagesPerSecond: 2 });
    const say = () => alice.signal(type, 'bob', type === 'readAck' ? { body: { ackMessageId: '5' } } : {});

    expect([await say(), await alice.text('bob'), await say()]).toMatchObject([
      { ok: true },
      { ok: true },
      trafficLimit,
    ]);
  });
});

describe('a fault', () => {
  it.each([
    ['Overloaded', new Overloaded(), trafficLimit, 0],
    ['Contended', new Contended(), trafficLimit, 0],
    ['Unavailable', new Unavailable(), { ok: false, code: 1, reason: 'service unavailable' }, 1],
    ['of another kind', new Error('broken'), { ok: false, code: 1, reason: 'internal error' }, 1],
  ])('%s is an answer that ends the caller’s wait', async (_, fault, answer, lines) => {
    world = await createUplinkWorld({ loop: failingLoop(fault) });
    alice = world.device('alice');

    expect(await alice.text('bob')).toEqual(answer);
    expect(await alice.recall('5', 'bob')).toEqual(answer);
    expect(await alice.signal('readAck', 'bob', { body: { ackMessageId: '5' } })).toEqual(answer);

    expect(world.lines).toHaveLength(lines);
  });

  it('while a rate is asked for ends neither the order nor the answers of what follows', async () => {
    const world = await createUplinkWorld();
    let asked = 0;
    const rateLimits = {
      take: async () => {
        asked += 1;
        if (asked === 1) throw new Unavailable();
        return { ok: true } as const;
      },
    };
    await world.ports.rateLimits.change(world.app.no, { clientMessagesPerSecond: 100 });
    const storage = { ...world.ports, rateLimits: { ...world.ports.rateLimits, ...rateLimits } };
    const device = (await createUplinkWorld({ storage, loop: world.loop })).device('alice');

    const answers = await Promise.all([device.text('bob'), device.text('bob')]);

    expect(answers).toMatchObject([{ ok: false, reason: 'service unavailable' }, { ok: true }]);
    expect(await world.events()).toHaveLength(1);
  });
});
