import { limits } from '@recalld/domain';
import type { SessionEnd } from '@recalld/domain';
import { sampleInstant, userSample } from '@recalld/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { kickOf } from '../testing/msyncClient.js';
import { createMsyncWorld, until } from '../testing/msyncWorld.js';
import type { MsyncNode, MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
let node: MsyncNode;
afterEach(() => world.close());

async function nodeOf(...users: readonly string[]): Promise<void> {
  world = await createMsyncWorld(users);
  node = await world.node();
}

async function deactivate(user: string): Promise<void> {
  const { app, clock, storage } = world;
  await storage.users.change(app.no, user, { activated: false, modifiedAt: clock.now() });
}

/** Another one takes the name of ann. */
async function replaceAnn(): Promise<void> {
  const createdAt = sampleInstant + limits.clockSkewMsMax + 1;
  await world.storage.users.remove(world.app.no, 'ann');
  await world.storage.users.register([userSample(world.app.no, 'ann', { createdAt })]);
}

async function endSessions(reason: SessionEnd): Promise<void> {
  const which = { app: world.app.no, user: 'ann', device: null, session: null, by: 'admin' };
  await world.one<'EndSessions'>({ type: 'EndSessions', reason, ...which, now: world.clock.now() });
}

/** Does something right after a user was found for the first time. */
function afterFirstLook(deed: () => Promise<unknown>): void {
  const { users } = world.storage;
  const { find } = users;
  users.find = async (app, user) => {
    users.find = find;
    const found = await find(app, user);
    await deed();
    return found;
  };
}

const remove = () => world.storage.users.remove(world.app.no, 'ann');

describe('a user who logs in', () => {
  it.each<[string, SessionEnd, () => Promise<unknown>, number]>([
    ['removed', 'removed', remove, 1],
    ['deactivated', 'deactivated', () => deactivate('ann'), 12],
    ['removed and the name given to another one', 'removed', replaceAnn, 1],
  ])('and is %s meanwhile does not stay connected', async (_, reason, deed, errorCode) => {
    await nodeOf('ann');
    afterFirstLook(async () => {
      await deed();
      await endSessions(reason);
    });
    const client = await node.connect();

    expect(await client.login('ann', 'd')).toMatchObject({ status: { errorCode } });

    expect(await client.closed).toBe(1000);
    expect([node.msync.sessions(), node.msync.counts().logins]).toEqual([0, 0]);
    await until(async () => (await world.storage.devices.list(world.app.no, 'ann'))[0]?.session === null);
  });

  it('on a device that logs in again meanwhile is connected once', async () => {
    await nodeOf('ann');
    const { users } = world.storage;
    const { find } = users;
    const held: (() => void)[] = [];
    let looks = 0;
    users.find = async (app, user) => {
      looks += 1;
      // The second look is the one after the first login has begun in the store.
      if (looks === 2) await new Promise<void>((resolve) => held.push(resolve));
      return find(app, user);
    };
    const first = await node.connect();
    const answered = first.login('ann', 'd');
    await until(() => held.length === 1);

    const second = await node.device('ann', 'd');
    for (const goOn of held) goOn();

    expect(await answered).toMatchObject({ status: { errorCode: 0 } });
    expect(await kickOf(first)).toBe(2);
    expect(await second.unread()).toEqual([]);
    expect(node.msync.sessions()).toBe(1);
  });
});

describe('a session of a user of whom no event told', () => {
  it.each<[string, () => Promise<unknown>, number]>([
    ['who is removed', remove, 1],
    ['who is deactivated', () => deactivate('ann'), 4],
    ['whose name is another one’s now', replaceAnn, 1],
  ])('%s ends all the same, and others go on', async (_, deed, operation) => {
    await nodeOf('ann', 'bob');
    const devices = [await node.device('ann', 'd1'), await node.device('ann', 'd2')];
    const other = await node.device('bob');

    await deed();
    world.clock.advance(30_000);

    expect(await Promise.all(devices.map(kickOf))).toEqual([operation, operation]);
    expect(await other.unread()).toEqual([]);
  });

  it('is looked at again when the store was away', async () => {
    await nodeOf('ann');
    const client = await node.device('ann');
    const { users } = world.storage;
    const { find } = users;
    await remove();
    users.find = () => Promise.reject(new Error('away'));
    world.clock.advance(30_000);
    await until(() => world.lines.length > 0);

    users.find = find;
    world.clock.advance(30_000);

    expect(await kickOf(client)).toBe(1);
  });
});

describe('a word that ends sessions, heard by one that began after it', () => {
  /** A commit is under way all the time: the log’s end stays behind what was recorded. */
  async function wordBefore(): Promise<void> {
    world = await createMsyncWorld(['ann', 'bob']);
    const { devices, log } = world.storage;
    const { begin } = devices;
    devices.begin = async (key, session) => ({ ...(await begin(key, session)), connectedAt: 0 });
    log.horizon = () => Promise.resolve(0);
    node = await world.node();
    await endSessions('passwordChanged');
  }

  /** Lets the node hear of everything. */
  async function expectStays(client: Awaited<ReturnType<MsyncNode['device']>>): Promise<void> {
    await world.send({ from: 'bob', to: 'ann' });
    await client.next('notice');
    await client.unread();
    expect(node.msync.sessions()).toBe(1);
  }

  it('is not for it when its token is younger, while the log’s end is behind', async () => {
    await wordBefore();
    world.clock.advance(1);

    const client = await node.device('ann', 'd', { token: `user:ann::${world.clock.now()}` });

    await expectStays(client);
  });

  it('is not for it when the word is old, while the log’s end is behind', async () => {
    await wordBefore();
    world.clock.advance(limits.clockSkewMsMax + 1);

    await expectStays(await node.device('ann'));
  });

  it('is for it when the word may have come later', async () => {
    await wordBefore();
    world.clock.advance(limits.clockSkewMsMax);
    const client = await node.device('ann');

    await world.send({ from: 'bob', to: 'ann' });

    expect(await kickOf(client)).toBe(3);
  });
});
