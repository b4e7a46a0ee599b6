import { pairTimeline } from '@recalld/domain';
import type { SessionEnd } from '@recalld/domain';
import { roomSample, sendSample, userSample } from '@recalld/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { msyncLimits } from './limits.js';
import { contentOfOthers } from './testing/given.js';
import { createLiveSdk } from './testing/liveSdk.js';
import type { LiveSdk } from './testing/liveSdk.js';
import { createMsyncWorld, until } from './testing/msyncWorld.js';
import type { MsyncNode, MsyncWorld } from './testing/msyncWorld.js';
import { sdkNames } from './testing/sdkLoader.js';

let world: MsyncWorld;
let node: MsyncNode;
const open: LiveSdk[] = [];

afterEach(async () => {
  for (const { connection } of open.splice(0)) connection.close();
  await world.close();
});

async function nodeWith(limits = {}): Promise<void> {
  world = await createMsyncWorld(['ann', 'bob']);
  node = await world.node({ limits });
}

/** ann sends bob a text; the clock stands still. */
async function sendText(text: string): Promise<void> {
  const { app, clock, ids } = world;
  const content = contentOfOthers({ kind: 'txt', text });
  const sent = { app: app.no, msgId: ids.next(), from: 'ann', to: 'bob', content, now: clock.now() };
  await world.one<'SendMessage'>(sendSample(sent));
}

describe.each(sdkNames)('%s', (name) => {
  function sdk(device?: string): LiveSdk {
    const made = createLiveSdk(name, `${node.url}/websocket`, device);
    open.push(made);
    return made;
  }

  const textsOf = (live: LiveSdk) =>
    live.all('onTextMessage').map((message) => (message as { msg: string }).msg);

  it.each([
    ['a wrong token', 'bob', 'x', 28],
    ['a token that has ended', 'bob', 'user:bob:1', 56],
    ['the app’s token', 'bob', 'app', 2],
    ['an unknown user', 'nobody', 'user:nobody', 204],
    ['a deactivated user', 'eve', 'user:eve', 57],
  ])('tells its app of %s', async (_, user, token, type) => {
    await nodeWith();
    await world.storage.users.register([userSample(world.app.no, 'eve', { activated: false })]);

    expect(await sdk().login(user, token)).toBe(type);
  });

  it('tells its app of a full node, and of too many devices', async () => {
    await nodeWith({ sessionsMax: 2, sessionsPerUserMax: 1 });
    await node.device('bob');

    // agora-chat has no word of its own for too many devices.
    expect(await sdk().login('bob')).toBe(name === 'agora-chat' ? 2 : 214);
    await node.device('ann');
    expect(await sdk().login('ann', 'user:ann')).not.toBe('connected');
  });

  it.each<[SessionEnd, number]>([
    ['removed', 207],
    ['passwordChanged', 216],
    ['kicked', 217],
    ['deactivated', 217],
  ])('whose session ends as %s does not come back', async (reason, type) => {
    await nodeWith();
    const live = sdk();
    await live.login('bob');

    const which = { app: world.app.no, user: 'bob', device: null, session: null, by: 'admin' };
    await world.one<'EndSessions'>({ type: 'EndSessions', reason, ...which, now: world.clock.now() });

    await until(() => live.all('onDisconnected').length > 0);
    expect(live.all('onError')).toMatchObject([{ type }]);
    expect(live.all('onReconnecting')).toEqual([]);
  });

  it('that logs in again elsewhere ends the first one', async () => {
    await nodeWith();
    const [first, second] = [sdk(), sdk()];
    await first.login('bob');

    expect(await second.login('bob')).toBe('connected');

    await until(() => first.all('onDisconnected').length > 0);
    expect(first.all('onError')).toMatchObject([{ type: 206 }]);
  });

  it('gets what came while it was away, and then what comes, each once and in order', async () => {
    await nodeWith();
    const early = Array.from({ length: 70 }, (_, index) => `early ${index}`);
    const late = Array.from({ length: 70 }, (_, index) => `late ${index}`);
    for (const text of early) await sendText(text);
    const live = sdk();
    await live.login('bob');
    await until(() => live.all('onOfflineMessageSyncFinish').length > 0);

    for (const text of late) await sendText(text);

    await until(() => textsOf(live).length >= early.length + late.length);
    expect(textsOf(live)).toEqual([...early, ...late]);
    expect(live.all('onError')).toEqual([]);
  });

  it('whose socket broke in the middle of a pull hears of what comes after', async () => {
    await nodeWith();
    const live = sdk('torn');
    await live.login('bob');
    const { page } = world.storage.queues;
    let isAsked = false;
    const never = () => ((isAsked = true), new Promise(() => undefined));
    Object.assign(world.storage.queues, { page: never });
    await sendText('one');
    await until(() => isAsked);
    Object.assign(world.storage.queues, { page });
    // Nothing is unread when it comes back, but it still waits for the end of its pull.
    const key = { app: world.app.no, user: 'bob', device: 'webim_web_torn' };
    const through = { position: 1, messages: 1 };
    await world.storage.devices.confirm([{ ...key, timeline: pairTimeline('ann', 'bob'), through }]);
    live.connection.sock.terminate();
    await until(() => live.all('onConnected').length === 2);

    await sendText('two');
    await until(() => node.msync.counts().noticesOut === 2);
    world.clock.advance(2_000);

    await until(() => textsOf(live).length > 0);
    expect(textsOf(live)).toEqual(['two']);
  });

  it('tells its app what it cannot send, and stays connected', async () => {
    await nodeWith();
    await world.group('g1', ['ann', 'bob']);
    const live = sdk();
    await live.login('ann');
    const text = { type: 'txt', chatType: 'singleChat', to: 'bob' };
    const toSome = { type: 'txt', msg: 'hello', chatType: 'groupChat', to: 'g1' };

    expect(await live.send({ ...text, msg: 'x'.repeat(70_000) })).toBe(511);
    expect(await live.send({ ...toSome, receiverList: ['x'.repeat(65)] })).toBe(604);
    expect(await live.send({ ...text, msg: 'hello' })).toBe('sent');

    expect(node.msync.counts()).toMatchObject({ logins: 1 });
    expect(live.all('onReconnecting')).toEqual([]);
  });

  it('that joins and leaves a room without end is told to wait', async () => {
    await nodeWith();
    const room = roomSample(world.app.no, 'r1', { owner: 'eve', membersMax: 10 });
    await world.storage.chats.create(room, []);
    const live = sdk();
    await live.login('ann');
    const { connection } = live;
    for (let n = 0; n < msyncLimits.roomChangesAtOnceMax; n += 2) {
      await connection.joinChatRoom({ roomId: 'r1' });
      await connection.leaveChatRoom({ roomId: 'r1' });
    }

    await expect(connection.joinChatRoom({ roomId: 'r1' })).rejects.toMatchObject({ type: 509 });
  });

  it('whose user logs in too often comes back by itself', async () => {
    await nodeWith({ loginsAtOnceMax: 1 });
    await node.device('bob', 'other');
    const live = sdk();

    const login = live.login('bob');
    await until(() => node.msync.counts().ended.loginFlooding > 0);
    world.clock.advance(1_000);

    expect(await login).toBe('connected');
  });

  it('comes back after the node has stopped', async () => {
    await nodeWith();
    const live = sdk();
    await live.login('bob');

    await node.msync.close(1_000);

    await until(() => live.all('onReconnecting').length > 0);
  });
});
