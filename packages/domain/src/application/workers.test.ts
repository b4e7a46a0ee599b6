import { describe, expect, it } from 'vitest';
import {
  attachmentSample,
  createMemoryAttachmentBytes,
  createMemoryStorage,
  createWorld,
  sampleInstant,
} from '../testing/index.js';
import { expireAttachments } from './expireAttachments.js';
import { expireMessages } from './expireMessages.js';
import { purgeAttachments } from './purgeAttachments.js';

async function* oneByte(): AsyncIterable<Uint8Array> {
  yield Uint8Array.of(1);
}

async function setUp() {
  const world = await createWorld(createMemoryStorage());
  const bytes = createMemoryAttachmentBytes();
  const upload = async (id: string, uploadedAt = sampleInstant) => {
    await bytes.put(id, oneByte(), 1);
    await world.ports.attachments.add(attachmentSample(world.app.no, id, { uploadedAt }));
  };
  const stateOf = async (id: string) => [
    (await world.ports.attachments.find(world.app.no, id))?.state,
    (await bytes.open(id)) !== undefined,
  ];
  const deps = { attachments: world.ports.attachments, bytes, loop: world.loop, clock: world.clock };
  return { ...world, bytes, upload, stateOf, deps };
}

describe('purging attachments', () => {
  it('destroys the bytes of condemned ones and records each with the message that condemned it', async () => {
    const { ports, app, upload, send, recall, stateOf, deps } = await setUp();
    for (const id of ['a', 'b', 'kept']) await upload(id);
    const msgId = await send({ attachments: ['a', 'b'] });
    await send({ attachments: ['kept'] });
    await recall(msgId);

    expect(await purgeAttachments(deps, 10)).toBe(2);

    expect([await stateOf('a'), await stateOf('b')]).toEqual(Array(2).fill(['purged', false]));
    expect(await stateOf('kept')).toEqual(['referred', true]);
    const events = await ports.log.ofStream(app.no, `message/${msgId}`);
    expect(
      events.flatMap((event) => (event.type === 'AttachmentPurged' ? event.data.attachment : [])),
    ).toEqual(['a', 'b']);
    expect(await purgeAttachments(deps, 10)).toBe(0);
  });

  it('given a file that cannot be destroyed, then the others are gone, and its fault is told when none is left', async () => {
    const { bytes, upload, send, recall, stateOf, deps } = await setUp();
    for (const id of ['stuck', 'b']) await upload(id);
    await recall(await send({ attachments: ['stuck', 'b'] }));
    const destroy = async (id: string) => {
      if (id === 'stuck') throw new Error('the disk says no');
      await bytes.destroy(id);
    };
    const failing = { ...deps, bytes: { ...bytes, destroy } };

    expect(await purgeAttachments(failing, 10)).toBe(1);

    expect([await stateOf('stuck'), await stateOf('b')]).toEqual([
      ['condemned', true],
      ['purged', false],
    ]);
    await expect(purgeAttachments(failing, 10)).rejects.toThrow('the disk says no');
    await expect(expireAttachments(failing, sampleInstant + 1, 10)).resolves.toBe(0);
  });

  it('takes no more than it is asked to, and goes on after a crash between bytes and event', async () => {
    const { bytes, upload, send, recall, stateOf, deps } = await setUp();
    for (const id of ['a', 'b']) await upload(id);
    await recall(await send({ attachments: ['a', 'b'] }));
    await bytes.destroy('a');

    expect([await purgeAttachments(deps, 1), await purgeAttachments(deps, 1)]).toEqual([1, 1]);

    expect([await stateOf('a'), await stateOf('b')]).toEqual(Array(2).fill(['purged', false]));
  });
});

describe('expiring content', () => {
  it('ends attachments uploaded before an instant, bytes and all', async () => {
    const { upload, stateOf, deps } = await setUp();
    await upload('old', sampleInstant - 1);
    await upload('young', sampleInstant);

    expect(await expireAttachments(deps, sampleInstant, 10)).toBe(1);

    expect([await stateOf('old'), await stateOf('young')]).toEqual([
      ['expired', false],
      ['uploaded', true],
    ]);
  });

  it('records the expiry of messages, so many at a time', async () => {
    const { ports, app, clock, loop, send } = await setUp();
    const expiresAt = clock.now() + 10_000;
    const sent = [await send({ expiresAt }), await send({ expiresAt }), await send()];
    clock.advance(10_000);
    const deps = { expired: ports.expired, loop, clock };

    expect([
      await expireMessages(deps, 1),
      await expireMessages(deps, 9),
      await expireMessages(deps, 9),
    ]).toEqual([1, 1, 0]);

    expect([...(await ports.contents.read(app.no, sent)).keys()]).toEqual(sent.slice(2));
  });
});
