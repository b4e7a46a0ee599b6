import { describe, expect, it } from 'vitest';
import { pairTimeline, userTimeline } from '../../kernel/stream.js';
import { limits } from '../../limits.js';
import { deadNode, withDevices } from './deviceSupport.js';
import type { DeviceWorld } from './deviceSupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const pair = pairTimeline('u1', 'u2');

/** Devices, their sessions, and how far each has come. */
export function describeDevices(name: string, harness: StorageHarness): void {
  describe(`Devices: ${name}`, () => {
    const world = useWorld(harness);
    const devices = () => withDevices(world());
    describe('a session', () => describeSessions(devices));
    describe('a cursor', () => describeCursors(devices));
    describe('a device that is forgotten', () => describeForgetting(devices));
  });
}

function describeSessions(devices: () => DeviceWorld): void {
  it('is the first of its device: it has no former one, and the device is listed with it', async () => {
    const { ports, app, clock, begin } = devices();

    expect(await begin('u1', 'web', 's1')).toEqual({ connectedAt: 0, former: null });

    expect(await ports.devices.list(app.no, 'u1')).toEqual([
      { device: 'web', session: 's1', platform: 'web', lastSeenAt: clock.now() },
    ]);
  });

  it('takes the place of the one before, which it is told of with its node', async () => {
    const { ports, app, clock, begin } = devices();
    await begin('u1', 'web', 's1');
    const key = { app: app.no, user: 'u1', device: 'web' };

    const { former } = await ports.devices.begin(key, {
      session: 's2',
      node: ports.node,
      platform: 'ios',
      now: clock.now() + 5,
    });

    expect(former).toEqual({ session: 's1', node: ports.node });
    expect(await ports.devices.list(app.no, 'u1')).toEqual([
      { device: 'web', session: 's2', platform: 'ios', lastSeenAt: clock.now() + 5 },
    ]);
  });

  it('that was lost with its node is no former one, and its device is not connected', async () => {
    const { ports, app, begin } = devices();
    await begin('u1', 'web', 's1', deadNode);

    expect(await ports.devices.list(app.no, 'u1')).toMatchObject([{ device: 'web', session: null }]);

    expect((await begin('u1', 'web', 's2')).former).toBeNull();
    expect(await ports.devices.list(app.no, 'u1')).toMatchObject([{ session: 's2' }]);
  });

  it('that begins again has no former one', async () => {
    const { begin } = devices();
    await begin('u1', 'web', 's1');

    expect((await begin('u1', 'web', 's1')).former).toBeNull();
  });

  it('that ended is no former one, and its device was seen then', async () => {
    const { ports, app, clock, begin, end } = devices();
    await begin('u1', 'web', 's1');
    clock.advance(60_000);
    await end('u1', 'web', 's1');

    expect(await ports.devices.list(app.no, 'u1')).toMatchObject([
      { session: null, lastSeenAt: clock.now() },
    ]);
    expect((await begin('u1', 'web', 's2')).former).toBeNull();
  });

  it('that ends after another one took its place changes nothing', async () => {
    const { ports, app, begin, end } = devices();
    await begin('u1', 'web', 's1');
    await begin('u1', 'web', 's2');
    const before = await ports.devices.list(app.no, 'u1');

    await end('u1', 'web', 's1');
    await end('u1', 'other', 's1');
    await ports.devices.end([]);

    expect(await ports.devices.list(app.no, 'u1')).toEqual(before);
  });

  it('ends with many others at once, of several users', async () => {
    const { ports, app, clock, begin } = devices();
    const all = ['u1', 'u2', 'u3'].flatMap((user) => ['a', 'b'].map((device) => ({ user, device })));
    for (const { user, device } of all) await begin(user, device);
    const ending = all.map((key) => ({ app: app.no, ...key, session: `${key.device}-1`, now: clock.now() }));

    await ports.devices.end(ending.slice(1));

    const sessions = ['u1', 'u2', 'u3'].map(async (user) =>
      (await ports.devices.list(app.no, user)).map(({ session }) => session),
    );
    expect(await Promise.all(sessions)).toEqual([
      ['a-1', null],
      [null, null],
      [null, null],
    ]);
  });

  it('knows where the log stood: what is committed later stands behind it', async () => {
    const { ports, send, begin } = devices();
    await send();
    const first = await begin('u1', 'web', 's1');
    await send();
    const second = await begin('u1', 'web', 's2');

    const log = (await ports.log.read({ after: 0, limit: 10 })).events.map(({ position }) => position);
    expect([first.connectedAt, second.connectedAt]).toEqual(log);
  });

  it('is its app’s alone', async () => {
    const { ports, app, begin } = devices();
    await begin('u1', 'web');

    expect(await ports.devices.list(app.no + 1, 'u1')).toEqual([]);
    expect(await ports.devices.list(app.no, 'u2')).toEqual([]);
  });

  it('race, many begin on one device: one is there in the end, and each other one was told of once', async () => {
    const { ports, app, begin } = devices();
    const names = ['s1', 's2', 's3', 's4', 's5'];

    const begun = await Promise.all(names.map((session) => begin('u1', 'web', session)));

    const [device] = await ports.devices.list(app.no, 'u1');
    const told = begun.flatMap(({ former }) => former?.session ?? []);
    expect([...told, device?.session].toSorted()).toEqual(names);
  });
}

function describeCursors(devices: () => DeviceWorld): void {
  it('moves forward, never back', async () => {
    const { begin, send, confirm, page } = devices();
    await begin('u2', 'web');
    for (let n = 0; n < 3; n += 1) await send();

    await confirm('u2', 'web', pair, { position: 2, messages: 2 });
    await confirm('u2', 'web', pair, { position: 1, messages: 1 });

    expect((await page('u2', 'web', pair)).items.map(({ position }) => position)).toEqual([3]);
  });

  it('moves in one batch with others, twice in it too', async () => {
    const { ports, app, begin, send, page } = devices();
    await begin('u1', 'web');
    await begin('u2', 'web');
    for (let n = 0; n < 3; n += 1) await send();
    const move = (user: string, messages: number) => ({
      ...{ app: app.no, user, device: 'web', timeline: pair },
      through: { position: messages, messages },
    });

    await ports.devices.confirm([move('u2', 2), move('u1', 3), move('u2', 1), move('u2', 2)]);

    expect((await page('u2', 'web', pair)).items).toHaveLength(1);
    expect((await page('u1', 'web', pair)).items).toEqual([]);
  });

  it('goes no further than its timeline', async () => {
    const { begin, send, confirm, page } = devices();
    await begin('u2', 'web');
    await send();
    await confirm('u2', 'web', pair, { position: 1_000, messages: 1_000 });

    await send();

    expect((await page('u2', 'web', pair)).items.map(({ position }) => position)).toEqual([2]);
  });

  it('of a device or a timeline that is not known is ignored, next to others', async () => {
    const { ports, app, begin, send, page } = devices();
    await begin('u2', 'web');
    await send();
    const through = { position: 1, messages: 1 };
    const known = { app: app.no, user: 'u2', device: 'web', timeline: pair, through };

    await ports.devices.confirm([
      { ...known, device: 'other' },
      { ...known, timeline: userTimeline('u2') },
      { ...known, app: app.no + 1 },
      known,
    ]);

    expect((await page('u2', 'web', pair)).next).toEqual(through);
    expect((await page('u2', 'other', pair)).items).toHaveLength(1);
    expect(await ports.devices.list(app.no, 'u2')).toHaveLength(1);
  });

  it('of a user’s first device is at the start', async () => {
    const { begin, send, page } = devices();
    await send();
    await begin('u2', 'web');

    expect((await page('u2', 'web', pair)).items).toHaveLength(1);
  });

  it('of a new device is where the user’s devices together have come, in each timeline', async () => {
    const { begin, send, confirm, page } = devices();
    const other = pairTimeline('u2', 'u3');
    await begin('u2', 'a');
    await begin('u2', 'b');
    for (let n = 0; n < 3; n += 1) {
      await send();
      await send({ from: 'u3' });
    }
    await confirm('u2', 'a', pair, { position: 2, messages: 2 });
    await confirm('u2', 'b', pair, { position: 1, messages: 1 });
    await confirm('u2', 'b', other, { position: 1, messages: 1 });
    await begin('u1', 'c');
    await confirm('u1', 'c', pair, { position: 3, messages: 3 });

    await begin('u2', 'c');

    expect((await page('u2', 'c', pair)).items.map(({ position }) => position)).toEqual([3]);
    expect((await page('u2', 'c', other)).items.map(({ position }) => position)).toEqual([2, 3]);
  });

  it('of a device that comes back is where it was', async () => {
    const { begin, send, confirm, page } = devices();
    await begin('u2', 'a');
    await begin('u2', 'b');
    await send();
    await confirm('u2', 'b', pair, { position: 1, messages: 1 });

    await begin('u2', 'a', 'a-2');

    expect((await page('u2', 'a', pair)).items).toHaveLength(1);
  });
}

function describeForgetting(devices: () => DeviceWorld): void {
  const names = async ({ ports, app }: DeviceWorld, user: string) =>
    (await ports.devices.list(app.no, user)).map(({ device }) => device);

  it('was seen before, and is never the one on which its user was last', async () => {
    const world = devices();
    const { ports, clock, begin, end } = world;
    for (const user of ['u1', 'u2']) {
      for (const device of ['a', 'b', 'c']) {
        await begin(user, device);
        await end(user, device);
        clock.advance(1_000);
      }
    }

    expect(await ports.devices.forget(clock.now(), 3)).toBe(3);
    expect(await ports.devices.forget(clock.now(), 3)).toBe(1);
    expect(await ports.devices.forget(clock.now(), 3)).toBe(0);

    expect(await names(world, 'u1')).toEqual(['c']);
    expect(await names(world, 'u2')).toEqual(['c']);
  });

  it('is never one that is connected, however long ago it began; one that lost its node is not', async () => {
    const world = devices();
    const { ports, clock, begin, end } = world;
    await begin('u1', 'connected');
    await begin('u1', 'lost', 'lost-1', deadNode);
    await begin('u1', 'last');
    await end('u1', 'last');
    clock.advance(limits.deviceKeptMs);

    expect(await ports.devices.forget(clock.now(), 10)).toBe(1);

    expect((await names(world, 'u1')).toSorted()).toEqual(['connected', 'last']);
  });

  it('was not seen since: ends count', async () => {
    const world = devices();
    const { ports, clock, begin, end } = world;
    await begin('u1', 'a');
    await begin('u1', 'b');
    clock.advance(1_000);
    await end('u1', 'a');

    expect(await ports.devices.forget(clock.now(), 10)).toBe(0);
    expect(await ports.devices.forget(clock.now() + 1, 10)).toBe(1);
    expect(await names(world, 'u1')).toEqual(['b']);
  });

  it('takes its cursors along: under its name it starts as a new one', async () => {
    const { ports, clock, begin, end, send, confirm, page } = devices();
    for (const device of ['a', 'b']) await begin('u2', device);
    for (const device of ['a', 'b']) await end('u2', device);
    for (let n = 0; n < 3; n += 1) await send();
    await confirm('u2', 'a', pair, { position: 2, messages: 2 });
    await confirm('u2', 'b', pair, { position: 1, messages: 1 });
    expect(await ports.devices.forget(clock.now(), 10)).toBe(1);

    await begin('u2', 'a', 'a-2');

    expect((await page('u2', 'a', pair)).items.map(({ position }) => position)).toEqual([2, 3]);
  });

  it('makes room for a user’s new one: not connected first, then the one seen longest ago', async () => {
    const world = devices();
    const { clock, begin, end } = world;
    const all = Array.from({ length: limits.devicesPerUserMax }, (_, n) => `d${n}`);
    for (const device of all) {
      clock.advance(1_000);
      await begin('u1', device);
    }
    await begin('u2', 'd0');
    await end('u1', 'd5');
    clock.advance(1_000);

    await begin('u1', 'new');
    expect((await names(world, 'u1')).toSorted()).toEqual(
      [...all, 'new'].filter((device) => device !== 'd5').toSorted(),
    );

    await begin('u1', 'newer');
    expect(await names(world, 'u1')).toHaveLength(limits.devicesPerUserMax);
    expect(await names(world, 'u1')).not.toContain('d0');
    expect(await names(world, 'u2')).toEqual(['d0']);
  });
}
