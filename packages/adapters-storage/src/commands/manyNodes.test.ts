import { messageStream, purgeAttachments } from '@recalld/domain';
import {
  appSample,
  attachmentSample,
  idAt,
  loadOne,
  recallUnit,
  sampleInstant,
  sendUnit,
  wholeLog,
} from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PostgresStorage } from '../postgresStorage.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openNode, openTestStorage } from '../testing/postgresStorage.js';
import { loopOn, recalling, sending } from '../testing/commands.js';

let one: PostgresStorage;
let two: PostgresStorage;
let remove: () => Promise<void>;

describe.skipIf(!postgresAvailable)('two nodes on one database', () => {
  beforeEach(async () => {
    const opened = await openTestStorage();
    one = opened.storage;
    two = await openNode(opened.url);
    remove = opened.remove;
    await one.apps.create(appSample());
  });

  afterEach(async () => {
    await two.close();
    await remove();
  });

  it('race, recall and recall: one wins, the other is told so, and the rest of both batches stands', async () => {
    const loops = [loopOn(one.commands), loopOn(two.commands)] as const;
    await Promise.all(Array.from({ length: 100 }, (_, n) => loops[0].submit([sending(n)])));
    const recalls = await Promise.all(
      loops.flatMap((loop, node) =>
        Array.from({ length: 100 }, async (_, n) => {
          const [outcome] = await loop.submit([
            { ...recalling(n), recallId: idAt(sampleInstant, 10_000 * (node + 1) + n) },
          ]);
          return outcome?.ok === true ? 'recalled' : outcome?.code;
        }),
      ),
    );
    expect(recalls.filter((outcome) => outcome === 'recalled')).toHaveLength(100);
    expect(recalls.filter((outcome) => outcome === 'alreadyRecalled')).toHaveLength(100);
    const log = await wholeLog(one);
    expect(log.filter(({ type }) => type === 'MessageRecalled')).toHaveLength(100);
  });

  it('race, append and append: a batch that meets another one is moved as a whole, and leaves no trace', async () => {
    await one.commands.commit([sendUnit(1)]);
    await loadOne(two, { app: 1, streams: [messageStream(idAt(sampleInstant, 1))] });
    await one.commands.commit([recallUnit(1)]);
    const fresh = sendUnit(1, { msgId: idAt(sampleInstant, 2) });
    expect(await two.commands.commit([fresh, recallUnit(1)])).toEqual({ ok: false, reason: 'moved' });
    expect(await wholeLog(two)).toHaveLength(2);
  });

  it('race, send and send again under the same key: it is sent once, and the rest of both batches stands', async () => {
    const loops = [loopOn(one.commands), loopOn(two.commands)] as const;
    const sent = await Promise.all(
      loops.flatMap((loop, node) =>
        Array.from({ length: 100 }, async (_, n) => {
          const retryKey = n % 2 === 0 ? `u1 web ${n}` : null;
          const [outcome] = await loop.submit([{ ...sending(1_000 * (node + 1) + n), retryKey }]);
          return outcome?.ok === true ? 'sent' : outcome?.code;
        }),
      ),
    );
    expect(sent.filter((outcome) => outcome === 'sent')).toHaveLength(150);
    expect(sent.filter((outcome) => outcome === 'sentBefore')).toHaveLength(50);
    expect((await wholeLog(one)).filter(({ type }) => type === 'MessageSent')).toHaveLength(150);
  });

  it('race, send and send again: a batch whose key was taken is moved as a whole, and leaves no trace', async () => {
    const keyed = (n: number) => {
      const unit = sendUnit(1, { msgId: idAt(sampleInstant, n) });
      return { ...unit, retryKeys: [{ event: 0, key: 'u1 web 1' }] };
    };
    await one.commands.commit([keyed(1)]);
    const other = sendUnit(1, { msgId: idAt(sampleInstant, 3) });

    expect(await two.commands.commit([other, keyed(2)])).toEqual({ ok: false, reason: 'moved' });

    expect(await wholeLog(two)).toHaveLength(1);
    const { retried } = await loadOne(two, { app: 1, retryKeys: ['u1 web 1', 'u1 web 2'] });
    expect(retried).toEqual(new Map([['u1 web 1', idAt(sampleInstant, 1)]]));
  });

  it('give every message of a conversation its own place, in the order of commits', async () => {
    const loops = [loopOn(one.commands), loopOn(two.commands)] as const;
    await Promise.all(
      loops.flatMap((loop, node) =>
        Array.from({ length: 150 }, (_, n) => loop.submit([sending(1_000 * node + n)])),
      ),
    );
    const log = (await wholeLog(one)).filter(({ type }) => type === 'MessageSent');
    const seqs = log.map(({ messageSeq }) => messageSeq ?? 0).toSorted((a, b) => a - b);
    expect(seqs).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  });

  it('race, recall and recall of the last two that refer to a file: it is condemned', async () => {
    for (let round = 0; round < 30; round += 1) {
      const file = `file ${round}`;
      await one.attachments.add(attachmentSample(1, file));
      const ids = [idAt(sampleInstant, 2 * round + 1), idAt(sampleInstant, 2 * round + 2)] as const;
      await one.commands.commit(ids.map((msgId) => sendUnit(1, { msgId, attachments: [file] })));
      const recall = (storage: PostgresStorage, n: 0 | 1) =>
        storage.commands.commit([
          recallUnit(1, { msgId: ids[n], recallId: idAt(sampleInstant + 60_000, 2 * round + n) }),
        ]);
      const committed = await Promise.all([recall(one, 0), recall(two, 1)]);
      expect(committed.map(({ ok }) => ok)).toEqual([true, true]);
      expect((await one.attachments.find(1, file))?.state).toBe('condemned');
    }
  });

  it('race, recall and send: a file is condemned or referred to, never both', async () => {
    for (let round = 0; round < 30; round += 1) {
      const file = `file ${round}`;
      await one.attachments.add(attachmentSample(1, file));
      const [held, next] = [idAt(sampleInstant, 2 * round + 1), idAt(sampleInstant, 2 * round + 2)];
      await one.commands.commit([sendUnit(1, { msgId: held, attachments: [file] })]);
      const recall = recallUnit(1, { msgId: held, recallId: idAt(sampleInstant + 60_000, round) });
      await Promise.all([
        one.commands.commit([recall]),
        two.commands.commit([sendUnit(1, { msgId: next, attachments: [file] })]),
      ]);
      const state = (await one.attachments.find(1, file))?.state;
      await one.commands.commit([
        recallUnit(1, { msgId: next, recallId: idAt(sampleInstant + 120_000, round) }),
      ]);
      expect(['condemned', 'referred']).toContain(state);
      expect((await one.attachments.find(1, file))?.state).toBe('condemned');
    }
  });

  it('race, purge and purge: a file is purged once', async () => {
    await one.attachments.add(attachmentSample(1, 'file'));
    await one.commands.commit([sendUnit(1, { attachments: ['file'] })]);
    await one.commands.commit([recallUnit(1)]);
    const clock = { now: () => sampleInstant };
    const bytes = { destroy: async () => undefined };
    await Promise.all(
      [one, two].map(({ attachments, commands }) =>
        purgeAttachments({ attachments, bytes: bytes as never, loop: loopOn(commands), clock }, 10),
      ),
    );
    const purges = (await wholeLog(one)).filter(({ type }) => type === 'AttachmentPurged');
    expect(purges).toHaveLength(1);
  });

  it('see an app, its credentials and its rules as the other has made them, from the next request on', async () => {
    expect(await two.apps.find('demo-org', 'later')).toBeUndefined();
    const made = await one.apps.create(appSample({ org: 'demo-org', name: 'later' }));
    const known = await two.apps.find('demo-org', 'later');
    expect(known).toEqual(made);
    expect(await two.apps.find('demo-org', 'later')).toBe(known);
    await one.apps.changeCredentials(known?.no ?? 0, { sealedClientSecret: 'another' });
    expect((await two.apps.find('demo-org', 'later'))?.sealedClientSecret).toBe('another');
  });
});
