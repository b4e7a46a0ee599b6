import { describe, expect, it } from 'vitest';
import { messageStream, pairTimeline, recallPolicyStream } from '../../kernel/stream.js';
import { appSample, attachmentSample, idAt, ruleSample, sampleInstant, textContent } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { loadOne, recalledEvent, recallUnit, sendUnit, sentEvent, unitOf, wholeLog } from '../units.js';

const msgId = idAt(sampleInstant, 1);
const stream = messageStream(msgId);
const pair = pairTimeline('u1', 'u2');

/** What the write side promises of events and streams. */
export function describeCommandStore(name: string, harness: StorageHarness): void {
  describe(`CommandStore: ${name}`, () => {
    const world = useWorld(harness);

    it('knows nothing of a stream that nobody wrote to', async () => {
      const { ports, app } = world();
      const facts = await loadOne(ports, {
        app: app.no,
        streams: [stream],
        chats: [{ kind: 'groupchat', id: 'g1' }],
        roles: [{ chat: { kind: 'groupchat', id: 'g1' }, user: 'u1' }],
        heads: [pair],
      });
      expect(facts.app).toBe(app.no);
      expect([...facts.streams.keys(), ...facts.chats.keys(), ...facts.roles.keys()]).toEqual([]);
      expect(facts.heads.get(pair) ?? 0).toBe(0);
      expect(facts.rules).toEqual([]);
    });

    it('gives events back as they were decided, with their stamps', async () => {
      const { ports, app } = world();
      const unit = sendUnit(app.no, { from: 'ü/1 %', to: '群|"2\'', originDevice: 'web_1' });
      const event = unit.appends[0]?.events[0];

      const committed = await ports.commands.commit([unit]);

      const stamps = { app: app.no, stream, version: 1, commandId: unit.commandId };
      const timeline = pairTimeline('ü/1 %', '群|"2\'');
      const expected = { ...event, ...stamps, timeline, timelinePosition: 1, messageSeq: 1 };
      expect(committed).toMatchObject({ ok: true, recorded: [[expected]] });
      const { streams } = await loadOne(ports, { app: app.no, streams: [stream] });
      expect(committed.ok && committed.recorded[0]).toEqual(streams.get(stream));
      expect(streams.get(stream)?.[0]?.data).toEqual(event?.data);
    });

    it('numbers positions over the whole log and versions per stream, without gaps in a stream', async () => {
      const { ports, app } = world();
      await ports.commands.commit([sendUnit(app.no)]);
      await ports.commands.commit([sendUnit(app.no, { msgId: idAt(sampleInstant, 2) }), recallUnit(app.no)]);

      const { streams } = await loadOne(ports, { app: app.no, streams: [stream] });

      const events = streams.get(stream) ?? [];
      expect(events.map(({ type }) => type)).toEqual(['MessageSent', 'MessageRecalled']);
      expect(events.map(({ version }) => version)).toEqual([1, 2]);
      const log = await wholeLog(ports);
      const positions = log.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect(new Set(positions).size).toBe(3);
    });

    it('writes several events of one append in order', async () => {
      const { ports, app } = world();
      const unit = unitOf(app.no, stream, 0, [sentEvent(), recalledEvent()], { timeline: pair });

      const committed = await ports.commands.commit([unit]);

      const recorded = committed.ok ? committed.recorded.flat() : [];
      expect(recorded.map(({ version }) => version)).toEqual([1, 2]);
      expect(recorded.map(({ timelinePosition }) => timelinePosition)).toEqual([1, 2]);
      expect(recorded.map(({ messageSeq }) => messageSeq)).toEqual([1, undefined]);
    });

    it('answers one list of recorded events per unit, in order, for a full batch', async () => {
      const { ports, app } = world();
      const units = Array.from({ length: 256 }, (_, n) =>
        sendUnit(app.no, { msgId: idAt(sampleInstant, n) }),
      );

      const committed = await ports.commands.commit(units);

      const recorded = committed.ok ? committed.recorded : [];
      expect(recorded.map((events) => events.map(({ commandId }) => commandId))).toEqual(
        units.map(({ commandId }) => [commandId]),
      );
      expect(recorded.flat().map(({ messageSeq }) => messageSeq)).toEqual(units.map((_, n) => n + 1));
    });

    it('keeps apps apart, and takes units of several apps in one batch', async () => {
      const { ports, app } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const otherNo = typeof other === 'object' ? other.no : 0;

      await ports.commands.commit([sendUnit(app.no), sendUnit(otherNo, { content: textContent('other') })]);

      const wanted = {
        streams: [stream],
        chats: [],
        roles: [],
        restraints: [],
        heads: [pair],
        retryKeys: [],
      };
      const loaded = await ports.commands.load([
        { ...wanted, app: otherNo },
        { ...wanted, app: app.no },
      ]);
      expect(loaded.map(({ app: no }) => no)).toEqual([otherNo, app.no]);
      expect(loaded.map(({ streams }) => streams.get(stream)?.map((event) => event.app))).toEqual([
        [otherNo],
        [app.no],
      ]);
      expect(loaded.map(({ heads }) => heads.get(pair))).toEqual([1, 1]);
      expect((await ports.contents.read(otherNo, [msgId])).get(msgId)).toEqual(textContent('other'));
      expect((await ports.contents.read(app.no, [msgId])).get(msgId)).toEqual(textContent('hello'));
    });

    describe('when a stream moved', () => {
      it('answers moved to an append behind, ahead of, or beside what is there', async () => {
        const { ports, app } = world();
        await ports.commands.commit([sendUnit(app.no)]);

        const behind = await ports.commands.commit([sendUnit(app.no, {}, 0)]);
        const ahead = await ports.commands.commit([recallUnit(app.no, {}, { expected: 2 })]);
        const missing = await ports.commands.commit([
          recallUnit(app.no, { msgId: idAt(sampleInstant, 9) }, { expected: 1 }),
        ]);

        expect([behind, ahead, missing]).toEqual(Array(3).fill({ ok: false, reason: 'moved' }));
        const { streams } = await loadOne(ports, { app: app.no, streams: [stream] });
        expect(streams.get(stream)?.length).toBe(1);
      });

      it('writes nothing of the whole batch: a conflict leaves no trace', async () => {
        const { ports, app } = world();
        const rule = await ports.rules.create(ruleSample(app.no, 'r1'));
        await ports.attachments.add(attachmentSample(app.no, 'file'));
        await ports.commands.commit([sendUnit(app.no, { attachments: ['file'] })]);
        const fresh = idAt(sampleInstant, 2);
        const due = { rule: { id: 'r1', version: 1 }, events: [0], orderKey: pair };
        expect(rule).not.toBe('nameTaken');

        const committed = await ports.commands.commit([
          recallUnit(app.no, {}, { deliveries: [due], extension: textContent('sorry') }),
          sendUnit(app.no, { msgId: fresh }),
          sendUnit(app.no, {}, 0),
        ]);

        expect(committed).toEqual({ ok: false, reason: 'moved' });
        expect(await wholeLog(ports)).toHaveLength(1);
        const bodies = await ports.contents.read(app.no, [msgId, fresh, idAt(sampleInstant + 60_000, 1)]);
        expect([...bodies.keys()]).toEqual([msgId]);
        expect((await ports.attachments.find(app.no, 'file'))?.state).toBe('referred');
        expect(await ports.deliveries.due()).toEqual([]);
        expect((await loadOne(ports, { app: app.no, heads: [pair] })).heads.get(pair)).toBe(1);
        expect(await world().roaming('u2', 'u1')).toHaveLength(1);
      });

      it('takes two units of one batch on one stream, each after the other', async () => {
        const { ports, app } = world();

        const committed = await ports.commands.commit([sendUnit(app.no), recallUnit(app.no)]);

        expect(committed.ok && committed.recorded.flat().map(({ version }) => version)).toEqual([1, 2]);
        expect((await ports.contents.read(app.no, [msgId])).size).toBe(0);
        expect(await world().roaming('u2', 'u1')).toEqual([]);
      });

      it('refuses a batch whose own units disagree on a stream', async () => {
        const { ports, app } = world();
        await ports.commands.commit([sendUnit(app.no)]);

        const committed = await ports.commands.commit([recallUnit(app.no), recallUnit(app.no)]);

        expect(committed).toEqual({ ok: false, reason: 'moved' });
        expect(await wholeLog(ports)).toHaveLength(1);
      });

      it('race, recall and recall: one of them wins', async () => {
        const { ports, app } = world();
        await ports.commands.commit([sendUnit(app.no)]);

        const outcomes = await Promise.all(
          [1, 2, 3].map((n) =>
            ports.commands.commit([recallUnit(app.no, { recallId: idAt(sampleInstant + 60_000, n) })]),
          ),
        );

        expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
        const { streams } = await loadOne(ports, { app: app.no, streams: [stream] });
        expect(streams.get(stream)?.map(({ version }) => version)).toEqual([1, 2]);
      });
    });

    it('keeps what it answered: a snapshot does not change under its reader', async () => {
      const { ports, app } = world();
      await ports.commands.commit([sendUnit(app.no)]);
      const before = await loadOne(ports, { app: app.no, streams: [stream], heads: [pair] });

      await ports.commands.commit([recallUnit(app.no), sendUnit(app.no, { msgId: idAt(sampleInstant, 2) })]);

      expect(before.streams.get(stream)?.map(({ type }) => type)).toEqual(['MessageSent']);
      expect(before.heads.get(pair)).toBe(1);
    });

    it('takes an event of a stream without a timeline', async () => {
      const { ports, app } = world();
      const data = { enabled: false, windowSeconds: 60, version: 1 };
      const event = { type: 'RecallPolicyChanged', data, occurredAt: sampleInstant, actor: 'admin' } as const;

      const committed = await ports.commands.commit([unitOf(app.no, recallPolicyStream, 0, [event])]);

      const recorded = committed.ok ? committed.recorded[0]?.[0] : undefined;
      expect(recorded).toMatchObject({ ...event, version: 1, stream: recallPolicyStream });
      expect(recorded?.timeline).toBeUndefined();
      expect(recorded?.messageSeq).toBeUndefined();
    });
  });
}
