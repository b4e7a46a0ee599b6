import { afterEach, describe, expect, it } from 'vitest';
import { limits, Unavailable } from '@recalld/domain';
import { sampleInstant, userSample } from '@recalld/domain/testing';
import { msyncLimits } from '../limits.js';
import { clientFrame } from '../testing/given.js';
import type { LoginChange } from '../testing/msyncClient.js';
import { createMsyncWorld, until } from '../testing/msyncWorld.js';
import type { MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
afterEach(() => world.close());

async function nodeWith(change: Parameters<MsyncWorld['node']>[0] = {}) {
  world = await createMsyncWorld(['ann', 'bob']);
  return world.node(change);
}

describe('a login', () => {
  it('with a token that never ends is answered without an end, and counted', async () => {
    const node = await nodeWith();
    const client = await node.connect();

    const answer = await client.login('ann', 'webim_web_7');

    expect(answer).toMatchObject({ status: { errorCode: 0 }, resource: 'webim_web_7' });
    expect(answer.sessionId).toMatch(/^\d+$/);
    expect(answer.authToken).toBeUndefined();
    expect(node.msync.sessions()).toBe(1);
  });

  it('with a token that ends is told the instant in milliseconds', async () => {
    const node = await nodeWith();
    const client = await node.connect();
    const end = world.clock.now() + 2_147_483_647;

    const { authToken = '' } = await client.login('ann', 'd', { token: `user:ann:${end}` });

    expect(JSON.parse(authToken)).toEqual({ expires_in: end });
  });

  it('with a token that outlives the timers of the SDKs is answered without an end', async () => {
    const node = await nodeWith();
    const client = await node.connect();
    const end = world.clock.now() + 2_147_483_648;

    const { authToken } = await client.login('ann', 'd', { token: `user:ann:${end}` });

    expect(authToken).toBeUndefined();
  });

  it.each([
    [16, 'Web'],
    [0, 'iOS'],
    [1, 'Android'],
    [99, 'Unknown'],
  ])('of the system %i is remembered as %s', async (osType, platform) => {
    const node = await nodeWith();

    await node.device('ann', 'd', { osType });

    const [device] = await world.storage.devices.list(world.app.no, 'ann');
    expect(device).toMatchObject({ device: 'd', platform });
    expect(device?.session).not.toBeNull();
  });

  it.each<[string, LoginChange, number, string]>([
    ['no token of the app', { token: 'x' }, 1, 'Sorry, token or password does not match login info'],
    ['another user’s token', { token: 'user:bob' }, 1, 'Sorry, token or password does not match login info'],
    ['a token that has ended', { token: 'user:ann:1' }, 1, 'Sorry, token expired'],
    ['the app’s own token', { token: 'app' }, 2, 'Sorry, this is no token of a user'],
    ['an unknown app', { appKey: 'demo-org#other' }, 4, 'Sorry, app not found'],
    ['no appkey', { appKey: 'demo-org' }, 4, 'Sorry, login info is malformed'],
  ])('with %s is refused', async (_, change, errorCode, reason) => {
    const node = await nodeWith();
    const client = await node.connect();

    expect(await client.login('ann', 'd', change)).toMatchObject({ status: { errorCode, reason } });
    expect(await client.closed).toBe(1000);
    expect(node.msync.sessions()).toBe(0);
  });

  it('of an unknown user is refused', async () => {
    const node = await nodeWith();
    const client = await node.connect();

    const status = { errorCode: 1, reason: 'Sorry, user not found' };
    expect(await client.login('nobody')).toMatchObject({ status });
  });

  it('of a deactivated user is refused', async () => {
    const node = await nodeWith();
    await world.storage.users.register([userSample(world.app.no, 'eve', { activated: false })]);
    const client = await node.connect();

    expect(await client.login('eve')).toMatchObject({ status: { errorCode: 12 } });
  });

  it('with the token of a former user of that name is refused', async () => {
    const node = await nodeWith();
    const later = sampleInstant + limits.clockSkewMsMax + 1;
    await world.storage.users.register([userSample(world.app.no, 'eve', { createdAt: later })]);
    const client = await node.connect();

    const status = { errorCode: 1, reason: 'Sorry, token or password does not match login info' };
    expect(await client.login('eve')).toMatchObject({ status });
  });

  it('with a device’s name of control characters, or none, is refused', async () => {
    const node = await nodeWith();
    for (const device of ['a\u0000b', 'a\nb', '']) {
      const client = await node.connect();
      expect(await client.login('ann', device)).toMatchObject({ status: { errorCode: 4 } });
    }
  });

  it('on one device too many is refused, and not on one that is connected already', async () => {
    const node = await nodeWith({ limits: { sessionsPerUserMax: 2 } });
    await node.device('ann', 'd1');
    await node.device('ann', 'd2');

    const third = await node.connect();
    expect(await third.login('ann', 'd3')).toMatchObject({ status: { errorCode: 13 } });
    const second = await node.connect();
    expect(await second.login('ann', 'd2')).toMatchObject({ status: { errorCode: 0 } });
    const other = await node.connect();
    expect(await other.login('bob', 'd3')).toMatchObject({ status: { errorCode: 0 } });
  });

  it('on a full node is refused', async () => {
    const node = await nodeWith({ limits: { sessionsMax: 1 } });
    await node.device('ann');
    const client = await node.connect();

    const status = { errorCode: 7, reason: 'Sorry, the app online count limit' };
    expect(await client.login('bob')).toMatchObject({ status });
  });

  it('that comes too soon after many of its user is not answered, and the device tries again', async () => {
    const node = await nodeWith({ limits: { loginsAtOnceMax: 3, loginsPerSecond: 1 } });
    for (const device of ['d1', 'd2', 'd1']) await node.device('ann', device);

    const early = await node.connect();
    await expect(early.login('ann', 'd3')).rejects.toThrow('closed with 1013');
    await node.device('bob', 'd3');
    world.clock.advance(1_000);

    await node.device('ann', 'd3');
    expect(node.msync.counts()).toMatchObject({ logins: 5, loginsRefused: 0, ended: { loginFlooding: 1 } });
    const later = await node.connect();
    await expect(later.login('ann', 'd4')).rejects.toThrow('closed with 1013');
  });

  it('of every device that a user may have, all at once and once more, is not too many', () => {
    expect(msyncLimits.loginsAtOnceMax).toBeGreaterThanOrEqual(2 * msyncLimits.sessionsPerUserMax);
  });

  it('while storage is away is not answered: the device tries again', async () => {
    const node = await nodeWith();
    world.storage.users.find = () => Promise.reject(new Unavailable('gone'));
    const client = await node.connect();

    await expect(client.login('ann')).rejects.toThrow('closed with 1013');
    expect(world.lines).toEqual(['devices cannot log in']);
  });
});

describe('a socket that does not log in', () => {
  it('is closed after its time', async () => {
    const node = await nodeWith();
    const client = await node.connect();

    world.clock.advance(10_000);

    expect(await client.closed).toBe(1008);
  });

  it('is closed for whatever else it says', async () => {
    const node = await nodeWith();
    const client = await node.connect();

    client.send(clientFrame('unread', new Uint8Array()));

    expect(await client.closed).toBe(1002);
  });

  it('logs in once', async () => {
    const node = await nodeWith();
    const client = await node.device('ann');

    await expect(client.login('ann')).rejects.toThrow('closed with 1002');
  });
});

describe('a session', () => {
  it('lasts a little longer than its token', async () => {
    const node = await nodeWith();
    const end = world.clock.now() + 60_000;
    const client = await node.device('ann', 'd', { token: `user:ann:${end}` });

    world.clock.advance(64_999);
    await client.unread();
    world.clock.advance(1);

    expect(await client.closed).toBe(1000);
    expect(client.frames.filter(({ command }) => command === 'sync')).toEqual([]);
  });

  it('ends when the tokens of its app are revoked', async () => {
    const node = await nodeWith();
    const client = await node.device('ann');
    const { apps } = world.storage;
    const { findByNo } = apps;

    apps.findByNo = async (no) => {
      const app = await findByNo(no);
      return app && { ...app, tokenEpoch: app.tokenEpoch + 1 };
    };
    world.clock.advance(30_000);

    expect(await client.closed).toBe(1000);
  });

  it('ends with a logout, and the store hears of it', async () => {
    const node = await nodeWith();
    const client = await node.device('ann', 'd');

    client.send(clientFrame('logout', new Uint8Array()));

    expect(await client.closed).toBe(1000);
    expect(node.msync.sessions()).toBe(0);
    await until(async () => (await world.storage.devices.list(world.app.no, 'ann'))[0]?.session === null);
  });

  it('ends when its socket does', async () => {
    const node = await nodeWith();
    const client = await node.device('ann', 'd');

    client.socket.terminate();

    await until(() => node.msync.sessions() === 0 && node.msync.sockets() === 0);
    await until(async () => (await world.storage.devices.list(world.app.no, 'ann'))[0]?.session === null);
  });
});
