import { describe, expect, it } from 'vitest';
import type { UnwantedRoaming } from '../conversation/deleteRoaming.js';
import {
  createMemoryStorage,
  createWorld,
  deleteRoamingSample,
  immediateTurn,
  textContent,
} from '../testing/index.js';
import type { World } from '../testing/index.js';
import type { LaterEvent } from '../ports/laterEvents.js';
import { laterTypes } from '../ports/laterEvents.js';
import type { RecordedEvent } from '../events.js';
import { createCommandLoop } from './commandLoop.js';
import { readRecallPolicy } from './readRecallPolicy.js';
import { takeBackAgain } from './takeBackAgain.js';
import type { TakenBack } from './takeBackAgain.js';

const team = { chatKind: 'groupchat', to: 'team' } as const;

/** A store and a copy of it that was made after `common` had been done to both. */
async function given(common: (world: World) => Promise<void>) {
  const [store, copy] = [await createWorld(createMemoryStorage()), await createWorld(createMemoryStorage())];
  await common(store);
  await common(copy);
  const end = await store.ports.log.before(Number.MAX_SAFE_INTEGER);
  let submits = 0;
  const loop = createCommandLoop({
    store: copy.ports.commands,
    plan: () => [],
    nextCommandId: () => `again ${(submits += 1)}`,
    nextTurn: immediateTurn,
  });
  const { log, timelines, apps } = copy.ports;

  async function later(): Promise<readonly LaterEvent[]> {
    const { events } = await store.ports.log.read({ after: end, limit: 1_000, types: laterTypes });
    return events.map((event) => ({
      org: store.app.org,
      app: store.app.name,
      position: event.position,
      event: event as RecordedEvent & LaterEvent['event'],
      extension: null,
    }));
  }
  return {
    store,
    copy,
    later,
    takeBack: async (events?: readonly LaterEvent[]): Promise<readonly TakenBack[]> =>
      takeBackAgain({ loop, log, timelines, apps }, events ?? (await later())),
    copied: async () => (await log.read({ after: 0, limit: 1_000 })).events,
  };
}

/** What an event says, without its place in a log. */
const said = ({ type, data, occurredAt, actor }: RecordedEvent) => ({ type, data, occurredAt, actor });

describe('taking back again what a store took back after its copy was made', () => {
  it('given recalls of messages that the copy has, then it has the same events, and their bodies are gone', async () => {
    const ids: string[] = [];
    const { store, copy, takeBack, copied } = await given(async ({ send }) => {
      ids.push(await send(), await send({ to: 'u3', content: textContent('secret') }));
    });
    await store.recall(ids[0] ?? '', { by: 'admin' });
    await store.recall(ids[1] ?? '', { to: 'u3', waive: { window: true, absence: true }, syncSender: false });

    expect(await takeBack()).toEqual(['taken', 'taken']);

    const wanted = (await store.ports.log.read({ after: 2, limit: 10 })).events;
    expect((await copied()).slice(2).map(said)).toEqual(wanted.map(said));
    expect((await copy.ports.contents.read(copy.app.no, ids)).size).toBe(0);
    expect(await copy.ports.deliveries.due()).toEqual([]);
  });

  it('given all of it was done before, then doing it again changes nothing, also in a copy that is in use', async () => {
    let msgId = '';
    const { store, copy, takeBack, copied, later } = await given(async ({ send }) => {
      msgId = await send();
    });
    await store.deleteConversation({ user: 'u2', channel: 'u1' });
    await store.recall(msgId);
    await store.one({
      type: 'ChangeRecallPolicy',
      app: store.app.no,
      enabled: false,
      windowSeconds: 60,
      retentionMs: null,
      by: 'admin',
      now: store.clock.now(),
    });
    expect(await takeBack()).toEqual(['taken', 'taken', 'taken']);
    const once = await copied();
    expect(await takeBack()).toEqual(['had', 'had', 'had']);
    expect(await copied()).toEqual(once);

    copy.clock.advance(3_600_000);
    const answer = await copy.send({ from: 'u1', to: 'u2' });
    await copy.one({
      type: 'ChangeRecallPolicy',
      app: copy.app.no,
      enabled: true,
      windowSeconds: 60,
      retentionMs: null,
      by: 'admin',
      now: copy.clock.now(),
    });
    expect(await takeBack(await later())).toEqual(['had', 'had', 'had']);
    expect((await copy.roaming('u2', 'u1')).map(({ itemId }) => itemId)).toEqual([answer]);
    expect(await readRecallPolicy(copy.ports.log, copy.app.no)).toMatchObject({ enabled: true });
  });

  it('given deletions from roaming, then the copy has them once, of the messages that it has', async () => {
    const sent: string[] = [];
    const { store, copy, takeBack, later } = await given(async ({ send }) => {
      sent.push(await send(), await send());
    });
    const remove = (unwanted: UnwantedRoaming) =>
      store.one(
        deleteRoamingSample({
          app: store.app.no,
          now: store.clock.now(),
          noticeId: store.ids.next(),
          unwanted,
        }),
      );
    await store.send();
    await remove({ by: 'ids', msgIds: [sent[1] ?? '', store.ids.next()] });
    await remove({ by: 'time', sentThrough: store.clock.now() - 60_000 });
    expect(await takeBack()).toEqual(['taken', 'taken']);
    expect((await copy.roaming('u2', 'u1')).map(({ itemId }) => itemId)).toEqual(sent.slice(0, 1));

    const answer = await copy.send();

    expect(await takeBack(await later())).toEqual(['had', 'had']);
    expect((await copy.roaming('u2', 'u1')).map(({ itemId }) => itemId)).toEqual([sent[0], answer]);
  });

  it('given the recall of a message that the copy never had, then its notice stands in the chat and the id stays taken back', async () => {
    const { store, copy, takeBack } = await given(async () => undefined);
    const msgId = await store.send({ from: 'u1', to: 'u2' });
    await store.recall(msgId, { by: 'admin' });

    expect(await takeBack()).toEqual(['taken']);

    const [recall] = (await copy.ports.log.read({ after: 0, limit: 10 })).events;
    expect(recall).toMatchObject({ type: 'MessageRecalled', timeline: 'pair/u1/u2', data: { held: false } });
    const again = await copy.recall(msgId, { waive: { window: true, absence: true } });
    expect(again).toEqual({ ok: false, code: 'alreadyRecalled' });
  });

  it('given a recall under a policy that nobody knows any more, then recalling is switched on for it', async () => {
    let msgId = '';
    const { store, copy, takeBack, later } = await given(async ({ send, one, app, clock }) => {
      msgId = await send();
      const change = { enabled: false, windowSeconds: 90, retentionMs: null, by: 'admin', now: clock.now() };
      await one({ type: 'ChangeRecallPolicy', app: app.no, ...change });
    });
    const change = {
      enabled: true,
      windowSeconds: 90,
      retentionMs: null,
      by: 'admin',
      now: store.clock.now(),
    };
    await store.one({ type: 'ChangeRecallPolicy', app: store.app.no, ...change });
    await store.recall(msgId);

    const [, recall] = await later();
    expect(await takeBack(recall === undefined ? [] : [recall])).toEqual(['taken']);
    expect(await readRecallPolicy(copy.ports.log, copy.app.no)).toMatchObject({
      enabled: true,
      windowSeconds: 90,
    });
  });

  it('given what belongs to an app or a group that the copy does not know, then it is told so', async () => {
    const { store, later, takeBack } = await given(async () => undefined);
    const msgId = await store.send({ from: 'u1', to: 'u2' });
    await store.recall(msgId);
    const [recall] = await later();
    if (recall?.event.type !== 'MessageRecalled') throw new Error('there is a recall');
    const { data } = recall.event;
    const elsewhere = { ...recall, app: 'elsewhere' };
    const inTeam = {
      ...recall,
      event: { ...recall.event, data: { ...data, chat: { kind: team.chatKind, id: team.to } } },
    };

    expect(await takeBack([elsewhere, inTeam])).toEqual(['unknown', 'unknown']);
  });
});
