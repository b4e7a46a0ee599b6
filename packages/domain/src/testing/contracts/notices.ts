import { describe, expect, it } from 'vitest';
import { groupTimeline, pairTimeline, userTimeline } from '../../kernel/stream.js';
import {
  ackSample,
  deleteSample,
  groupSample,
  idAt,
  readSample,
  sampleInstant,
  textContent,
} from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';
import { loadOne, wholeLog } from '../units.js';

const pair = pairTimeline('u1', 'u2');
const group = { kind: 'groupchat', id: 'g1' } as const;
const [a1, a2, a3, a4] = [1, 2, 3, 4].map((n) => idAt(sampleInstant + 3_600_000, n)) as [
  string,
  string,
  string,
  string,
];

/** Notices stand in timelines between messages, and are none. */
export function describeNotices(name: string, harness: StorageHarness): void {
  describe(`CommandStore, notices: ${name}`, () => {
    const world = useWorld(harness);
    const now = () => ({ app: world().app.no, now: world().clock.now() });
    /** Where each event of the log stands. */
    const places = async () =>
      (await wholeLog(world().ports)).map(({ type, timeline, timelinePosition, messageSeq }) => [
        type,
        timeline,
        timelinePosition,
        messageSeq,
      ]);

    it('stand where those look whom they concern, and take no MsgSeq', async () => {
      const { ports, app, one, send, recall } = world();
      const first = await send();
      await one(readSample({ ...now(), noticeId: a1 }));
      await recall(first);
      const second = await send();
      await one(ackSample({ ...now(), ackId: a2, msgId: second }));
      await one(deleteSample({ ...now(), user: 'u1', noticeId: a3 }));
      await one(deleteSample({ ...now(), user: 'u2', channel: 'u1', noticeId: null }));
      await send();

      expect(await places()).toEqual([
        ['MessageSent', pair, 1, 1],
        ['ConversationRead', pair, 2, undefined],
        ['MessageRecalled', pair, 3, undefined],
        ['MessageSent', pair, 4, 2],
        ['MessageAcknowledged', userTimeline('u1'), 1, undefined],
        ['ConversationDeleted', userTimeline('u1'), 2, undefined],
        ['ConversationDeleted', undefined, undefined, undefined],
        ['MessageSent', pair, 5, 3],
      ]);
      const heads = [pair, userTimeline('u1'), userTimeline('u2')];
      const facts = await loadOne(ports, { app: app.no, heads });
      expect(heads.map((timeline) => facts.heads.get(timeline) ?? 0)).toEqual([3, 0, 0]);
    });

    it('of a group stand with the one user whom they concern', async () => {
      const { ports, app, one, send } = world();
      await ports.chats.create(groupSample(app.no, 'g1', { owner: 'u1' }), ['u2', 'u3']);
      const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
      const msgId = await send(inGroup);
      await one(ackSample({ ...now(), ...inGroup, ackId: a1, msgId }));
      await one(ackSample({ ...now(), ...inGroup, ackId: a2, msgId, by: 'u3' }));
      await one(readSample({ ...now(), kind: 'groupchat', channel: 'g1', noticeId: a3 }));
      await one(deleteSample({ ...now(), kind: 'groupchat', channel: 'g1', noticeId: a4 }));

      expect(await places()).toEqual([
        ['MessageSent', groupTimeline(group.id), 1, 1],
        ['MessageAcknowledged', userTimeline('u1'), 1, undefined],
        ['MessageAcknowledged', userTimeline('u1'), 2, undefined],
        ['ConversationRead', userTimeline('u2'), 1, undefined],
        ['ConversationDeleted', userTimeline('u1'), 3, undefined],
      ]);
    });

    it('bring what a reader says with an acknowledgement', async () => {
      const { ports, app, one, send } = world();
      const msgId = await send();
      await one(ackSample({ ...now(), ackId: a1, ack: 'delivered', msgId }));
      await one(ackSample({ ...now(), ackId: a2, msgId, content: textContent('seen') }));

      expect([...(await ports.contents.read(app.no, [a1, a2]))]).toEqual([[a2, textContent('seen')]]);
    });

    it('are no history, and move nothing in lists', async () => {
      const { one, send, roaming, conversations } = world();
      const msgId = await send();
      await send({ to: 'u3' });
      const before = await conversations('u1');
      await one(readSample({ ...now(), noticeId: a1 }));
      await one(ackSample({ ...now(), ackId: a2, msgId }));

      expect(await conversations('u1')).toEqual(before);
      expect((await roaming('u1', 'u2')).map(({ itemId }) => itemId)).toEqual([msgId]);
    });

    it('one stream has each user’s acknowledgements of one message', async () => {
      const { ports, app, one, send } = world();
      const msgId = await send();
      await one(ackSample({ ...now(), ackId: a1, ack: 'delivered', msgId }));
      await one(ackSample({ ...now(), ackId: a2, msgId }));
      await one(ackSample({ ...now(), ackId: a3, msgId }));

      const events = await ports.log.ofStream(app.no, `acknowledgement/${msgId}/u2`);

      expect(events.map(({ version, data }) => [version, 'ack' in data && data.ack])).toEqual([
        [1, 'delivered'],
        [2, 'read'],
      ]);
    });
  });
}
