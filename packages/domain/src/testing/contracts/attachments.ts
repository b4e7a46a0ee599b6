import { describe, expect, it } from 'vitest';
import type { AttachmentState } from '../../attachment/attachment.js';
import { messageStream } from '../../kernel/stream.js';
import { appSample, attachmentSample, idAt, sampleInstant } from '../samples.js';
import type { World } from '../world.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { recallUnit, sendUnit, unitOf } from '../units.js';

const [m1, m2, m3] = [1, 2, 3].map((n) => idAt(sampleInstant, n)) as [string, string, string];
const recallIdOf = (n: number) => idAt(sampleInstant + 60_000, n);

async function stateOf({ ports, app }: World, id = 'file'): Promise<AttachmentState | undefined> {
  return (await ports.attachments.find(app.no, id))?.state;
}

function expireUnit(app: number, msgId: string) {
  const data = { msgId };
  const event = { type: 'MessageExpired', data, occurredAt: sampleInstant, actor: 'recalld' } as const;
  return unitOf(app, messageStream(msgId), 1, [event]);
}

/** Records that an attachment's bytes are gone, after `expected` events of the message's stream. */
function purgeUnit(app: number, msgId: string, attachment = 'file', expected = 2) {
  const data = { msgId, attachment };
  const event = { type: 'AttachmentPurged', data, occurredAt: sampleInstant, actor: 'recalld' } as const;
  return unitOf(app, messageStream(msgId), expected, [event]);
}

/** The one way that uploaded files go, and the races on it. */
export function describeAttachments(name: string, harness: StorageHarness): void {
  describe(`Attachments: ${name}`, () => {
    const world = useWorld(harness);

    it('gives back what was added, to its own app', async () => {
      const { ports, app } = world();
      const attachment = attachmentSample(app.no, 'file', { fileName: '照片 "1".png', restricted: false });
      await ports.attachments.add(attachment);

      expect(await ports.attachments.find(app.no, 'file')).toEqual(attachment);
      expect(await ports.attachments.find(app.no + 1, 'file')).toBeUndefined();
      expect(await ports.attachments.find(app.no, 'other')).toBeUndefined();
    });

    it('goes from uploaded to referred, condemned and purged', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      const states = [await stateOf(world())];

      await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['file'] })]);
      states.push(await stateOf(world()));
      await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);
      states.push(await stateOf(world()));
      expect(await ports.attachments.condemned(10)).toEqual([{ app: app.no, id: 'file', condemnedBy: m1 }]);
      await ports.commands.commit([purgeUnit(app.no, m1)]);
      states.push(await stateOf(world()));

      expect(states).toEqual(['uploaded', 'referred', 'condemned', 'purged']);
      expect(await ports.attachments.find(app.no, 'file')).toMatchObject({ fileName: '', contentType: '' });
      expect(await ports.attachments.condemned(10)).toEqual([]);
      expect((await ports.attachments.find(app.no, 'file'))?.condemnedBy).toBe(m1);
    });

    it('is condemned with the last message that refers to it, and not before', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      const sends = [m1, m2, m3].map((msgId) => sendUnit(app.no, { msgId, attachments: ['file'] }));
      await ports.commands.commit(sends);

      const states: (AttachmentState | undefined)[] = [];
      for (const [n, msgId] of [m2, m1, m3].entries()) {
        await ports.commands.commit([recallUnit(app.no, { msgId, recallId: recallIdOf(n) })]);
        states.push(await stateOf(world()));
      }

      expect(states).toEqual(['referred', 'referred', 'condemned']);
      expect((await ports.attachments.find(app.no, 'file'))?.condemnedBy).toBe(m3);
    });

    it('is not kept by a message whose time ran out, also before anybody has recorded that', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      const recall = recallUnit(app.no, { msgId: m1 });
      const expiresAt = recall.appends[0]?.events[0]?.occurredAt ?? null;
      await ports.commands.commit([
        sendUnit(app.no, { msgId: m1, attachments: ['file'] }),
        sendUnit(app.no, { msgId: m2, attachments: ['file'], expiresAt }),
      ]);

      await ports.commands.commit([recall]);

      expect(await stateOf(world())).toBe('condemned');
    });

    it('is not kept by an expired message, and is condemned by the recall of one all the same', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      const sends = [m1, m2].map((msgId) => sendUnit(app.no, { msgId, attachments: ['file'] }));
      await ports.commands.commit(sends);

      await ports.commands.commit([expireUnit(app.no, m2)]);
      expect(await stateOf(world())).toBe('referred');
      await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);

      expect(await stateOf(world())).toBe('condemned');
    });

    it('counts a message once, however often that message names the file', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['file', 'file'] })]);

      await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);

      expect(await stateOf(world())).toBe('condemned');
    });

    it('condemns all files of a recalled message, and none of another’s or of another app', async () => {
      const { ports, app } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const otherNo = typeof other === 'object' ? other.no : 0;
      for (const id of ['a', 'b', 'c']) await ports.attachments.add(attachmentSample(app.no, id));
      await ports.attachments.add(attachmentSample(otherNo, 'theirs'));
      await ports.commands.commit([
        sendUnit(app.no, { msgId: m1, attachments: ['a', 'b', 'unknown', 'theirs'] }),
        sendUnit(app.no, { msgId: m2, attachments: ['c'] }),
        sendUnit(otherNo, { msgId: m1, attachments: ['theirs'] }),
      ]);

      await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);

      expect([await stateOf(world(), 'a'), await stateOf(world(), 'b')]).toEqual(['condemned', 'condemned']);
      expect(await stateOf(world(), 'c')).toBe('referred');
      expect((await ports.attachments.find(otherNo, 'theirs'))?.state).toBe('referred');
      expect(await stateOf(world(), 'unknown')).toBeUndefined();
    });

    it('never brings a condemned file back: a message that names it refers to nothing', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['file'] })]);
      await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);

      const sent = await ports.commands.commit([sendUnit(app.no, { msgId: m2, attachments: ['file'] })]);

      expect(sent.ok).toBe(true);
      expect(await stateOf(world())).toBe('condemned');
      await ports.commands.commit([recallUnit(app.no, { msgId: m2, recallId: recallIdOf(2) })]);
      expect((await ports.attachments.find(app.no, 'file'))?.condemnedBy).toBe(m1);
    });

    it('purges nothing but condemned files', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      await ports.commands.commit([sendUnit(app.no, { msgId: m1 }), recallUnit(app.no, { msgId: m1 })]);
      await ports.commands.commit([sendUnit(app.no, { msgId: m2, attachments: ['file'] })]);

      await ports.commands.commit([purgeUnit(app.no, m1)]);

      expect(await stateOf(world())).toBe('referred');
    });

    it('lists the condemned oldest first, so many at a time', async () => {
      const { ports, app } = world();
      for (const [n, id] of ['a', 'b', 'c'].entries()) {
        await ports.attachments.add(attachmentSample(app.no, id, { uploadedAt: sampleInstant + n }));
        const msgId = idAt(sampleInstant, n);
        await ports.commands.commit([sendUnit(app.no, { msgId, attachments: [id] })]);
        await ports.commands.commit([recallUnit(app.no, { msgId, recallId: recallIdOf(n) })]);
      }

      expect((await ports.attachments.condemned(2)).map(({ id }) => id)).toEqual(['a', 'b']);
    });

    it('expires what may still be downloaded and was uploaded before an instant', async () => {
      const { ports, app } = world();
      for (const [n, id] of ['old', 'used', 'gone', 'young'].entries()) {
        await ports.attachments.add(attachmentSample(app.no, id, { uploadedAt: sampleInstant + n }));
      }
      await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['used'] })]);
      await ports.commands.commit([sendUnit(app.no, { msgId: m2, attachments: ['gone'] })]);
      await ports.commands.commit([recallUnit(app.no, { msgId: m2 })]);
      const before = sampleInstant + 3;

      const expirable = await ports.attachments.expirable(before, 10);
      expect(expirable).toEqual([
        { app: app.no, id: 'old' },
        { app: app.no, id: 'used' },
      ]);
      expect(await ports.attachments.expirable(before, 1)).toEqual([{ app: app.no, id: 'old' }]);
      await ports.attachments.markExpired([...expirable, { app: app.no, id: 'gone' }]);

      const states = await Promise.all(['old', 'used', 'gone', 'young'].map((id) => stateOf(world(), id)));
      expect(states).toEqual(['expired', 'expired', 'condemned', 'uploaded']);
      for (const id of ['old', 'used', 'gone']) {
        expect(await ports.attachments.find(app.no, id)).toMatchObject({ fileName: '', contentType: '' });
      }
      expect(await ports.attachments.expirable(before, 10)).toEqual([]);
    });

    it('lets an expired file be: neither a new message nor a recall changes it', async () => {
      const { ports, app } = world();
      await ports.attachments.add(attachmentSample(app.no, 'file'));
      await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['file'] })]);
      await ports.attachments.markExpired([{ app: app.no, id: 'file' }]);

      await ports.commands.commit([sendUnit(app.no, { msgId: m2, attachments: ['file'] })]);
      await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);

      expect(await stateOf(world())).toBe('expired');
      expect(await ports.attachments.condemned(10)).toEqual([]);
    });

    describeRaces(world);
  });
}

function describeRaces(world: () => World): void {
  it('race, recall and recall: two last messages recalled at once condemn their file once', async () => {
    const { ports, app } = world();
    await ports.attachments.add(attachmentSample(app.no, 'file'));
    await ports.commands.commit([m1, m2].map((msgId) => sendUnit(app.no, { msgId, attachments: ['file'] })));

    await Promise.all(
      [m1, m2].map((msgId, n) =>
        ports.commands.commit([recallUnit(app.no, { msgId, recallId: recallIdOf(n) })]),
      ),
    );

    const condemned = await ports.attachments.condemned(10);
    expect(condemned.map(({ id }) => id)).toEqual(['file']);
    expect([m1, m2]).toContain(condemned[0]?.condemnedBy);
  });

  it('race, recall and send: the file is referred to, or condemned for good', async () => {
    const { ports, app } = world();
    await ports.attachments.add(attachmentSample(app.no, 'file'));
    await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['file'] })]);

    await Promise.all([
      ports.commands.commit([recallUnit(app.no, { msgId: m1, recallId: recallIdOf(1) })]),
      ports.commands.commit([sendUnit(app.no, { msgId: m2, attachments: ['file'] })]),
    ]);

    const referred = (await stateOf(world())) === 'referred';
    await ports.commands.commit([recallUnit(app.no, { msgId: m2, recallId: recallIdOf(2) })]);
    expect(await ports.attachments.find(app.no, 'file')).toMatchObject({
      state: 'condemned',
      condemnedBy: referred ? m2 : m1,
    });
  });

  it('race, recall and send in one batch: the order of the batch decides', async () => {
    const { ports, app } = world();
    for (const id of ['x', 'y']) await ports.attachments.add(attachmentSample(app.no, id));
    const [a, b] = [idAt(sampleInstant, 11), idAt(sampleInstant, 12)];
    await ports.commands.commit([
      sendUnit(app.no, { msgId: m1, attachments: ['x'] }),
      sendUnit(app.no, { msgId: m2, attachments: ['y'] }),
    ]);

    await ports.commands.commit([
      recallUnit(app.no, { msgId: m1, recallId: recallIdOf(1) }),
      sendUnit(app.no, { msgId: a, attachments: ['x', 'y'] }),
      recallUnit(app.no, { msgId: m2, recallId: recallIdOf(2) }),
      sendUnit(app.no, { msgId: b, attachments: ['y'] }),
    ]);

    expect([await stateOf(world(), 'x'), await stateOf(world(), 'y')]).toEqual(['condemned', 'referred']);
  });

  it('race, send and purge: a purged file stays purged, and the message is sent all the same', async () => {
    const { ports, app } = world();
    await ports.attachments.add(attachmentSample(app.no, 'file'));
    await ports.commands.commit([sendUnit(app.no, { msgId: m1, attachments: ['file'] })]);
    await ports.commands.commit([recallUnit(app.no, { msgId: m1 })]);

    const outcomes = await Promise.all([
      ports.commands.commit([purgeUnit(app.no, m1)]),
      ports.commands.commit([sendUnit(app.no, { msgId: m2, attachments: ['file'] })]),
    ]);

    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true]);
    expect(await stateOf(world())).toBe('purged');
    await ports.commands.commit([recallUnit(app.no, { msgId: m2, recallId: recallIdOf(2) })]);
    expect(await stateOf(world())).toBe('purged');
  });
}
