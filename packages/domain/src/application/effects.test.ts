import { beforeEach, describe, expect, it } from 'vitest';
import {
  createMemoryStorage,
  createWorld,
  groupSample,
  policySample,
  textContent,
} from '../testing/index.js';
import type { World } from '../testing/index.js';

// What commands come to when they go the whole way: facts from the store, effects on it.

let world: World;
const inGroup = { chatKind: 'groupchat', to: 'g1' } as const;
const forced = { window: true, absence: true };
const bodiesOf = async (...ids: readonly string[]) => [
  ...(await world.ports.contents.read(world.app.no, ids)).keys(),
];

beforeEach(async () => {
  world = await createWorld(createMemoryStorage());
  const group = groupSample(world.app.no, 'g1', { owner: 'boss', type: 'Private' });
  await world.ports.chats.create(group, ['u1', 'u2']);
});

describe('sending', () => {
  it('keeps the body, and the type of the group as it was', async () => {
    const msgId = await world.send(inGroup);

    const [sent] = await world.ports.log.ofStream(world.app.no, `message/${msgId}`);

    expect(sent).toMatchObject({ data: { chat: { kind: 'groupchat', id: 'g1', groupType: 'Private' } } });
    expect(await bodiesOf(msgId)).toEqual([msgId]);
  });
});

describe('recalling', () => {
  it('erases the body of its message and no other, and keeps what it says itself', async () => {
    const [msgId, other] = [await world.send(), await world.send()];
    const recallId = world.ids.next();

    await world.recall(msgId, { recallId, extension: textContent('sorry') });

    expect((await bodiesOf(msgId, other, recallId)).toSorted()).toEqual([other, recallId].toSorted());
  });

  it('that is refused erases nothing', async () => {
    const msgId = await world.send();

    expect(await world.recall(msgId, { to: 'u3' })).toEqual({ ok: false, code: 'receiverMismatch' });

    expect(await bodiesOf(msgId)).toEqual([msgId]);
  });

  it('goes by the policy and the roles as the store has them', async () => {
    const msgId = await world.send(inGroup);
    await world.one<'ChangeRecallPolicy'>(policySample({ app: world.app.no, windowSeconds: 1 }));
    const byUser = (by: string) => world.recall(msgId, { ...inGroup, authority: 'user', by });

    expect(await byUser('u2')).toEqual({ ok: false, code: 'notPermitted' });
    expect(await byUser('u1')).toEqual({ ok: false, code: 'windowElapsed' });
    expect(await byUser('boss')).toMatchObject({ ok: true, events: [{ data: { policyVersion: 1 } }] });
  });

  it('by force of what the server never had goes by the groups that it knows', async () => {
    const recall = (to: string) => world.recall(world.ids.next(), { ...inGroup, to, waive: forced });

    expect(await recall('g2')).toEqual({ ok: false, code: 'chatNotFound' });
    expect(await recall('g1')).toMatchObject({
      ok: true,
      events: [{ data: { held: false, chat: { groupType: 'Private' } } }],
    });
  });
});

describe('what erases nothing', () => {
  it('is deleting a conversation, changing the policy, or an expiry too early', async () => {
    const msgId = await world.send({ expiresAt: world.clock.now() + 60_000 });
    const { no: app } = world.app;

    await world.deleteConversation();
    await world.one<'ChangeRecallPolicy'>(policySample({ app }));
    const expiry = { type: 'ExpireMessage', app, msgId, now: world.clock.now() } as const;
    expect(await world.one<'ExpireMessage'>(expiry)).toEqual({ ok: false, code: 'notExpired' });

    expect(await bodiesOf(msgId)).toEqual([msgId]);
  });
});
