import type { SessionEnd } from '@recalld/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { kickOf } from '../testing/msyncClient.js';
import { createMsyncWorld } from '../testing/msyncWorld.js';
import type { MsyncWorld } from '../testing/msyncWorld.js';

let world: MsyncWorld;
afterEach(() => world.close());

async function endSessions(reason: SessionEnd, device: string | null): Promise<void> {
  const { app, clock } = world;
  const which = { app: app.no, user: 'ann', device, session: null, by: 'admin', now: clock.now() };
  await world.one<'EndSessions'>({ type: 'EndSessions', reason, ...which });
}

describe('the same device again', () => {
  it('on the same node takes the place of its former session', async () => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();
    const former = await node.device('ann', 'd');

    const latter = await node.device('ann', 'd');

    expect(await kickOf(former)).toBe(2);
    expect(await latter.unread()).toEqual([]);
    expect(node.msync.sessions()).toBe(1);
    expect(await world.events('SessionsEnded')).toEqual([]);
  });

  it('on another node takes the place of its former session', async () => {
    world = await createMsyncWorld(['ann']);
    const [here, there] = [await world.node(), await world.node()];
    const former = await here.device('ann', 'd');

    const latter = await there.device('ann', 'd');

    expect(await kickOf(former)).toBe(2);
    expect(await latter.unread()).toEqual([]);
    expect([here.msync.sessions(), there.msync.sessions()]).toEqual([0, 1]);
  });

  it('many times at once leaves one session', async () => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();
    const clients = await Promise.all(Array.from({ length: 10 }, () => node.connect()));

    await Promise.all(clients.map((client) => client.login('ann', 'd')));

    const [listed] = await world.storage.devices.list(world.app.no, 'ann');
    const left = clients.filter(({ frames }) =>
      frames.some(({ sessionId }) => sessionId === listed?.session),
    );
    expect(left).toHaveLength(1);
    await Promise.all(clients.filter((client) => !left.includes(client)).map(({ closed }) => closed));
    expect(await left[0]?.unread()).toEqual([]);
    expect(node.msync.sessions()).toBe(1);
  });
});

describe('an ended session', () => {
  it.each<[SessionEnd, number]>([
    ['removed', 1],
    ['passwordChanged', 3],
    ['kicked', 4],
    ['deactivated', 4],
  ])('of the reason %s is told operation %i', async (reason, operation) => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();
    const client = await node.device('ann');

    await endSessions(reason, null);

    expect(await kickOf(client)).toBe(operation);
  });

  it('is that of the named device alone', async () => {
    world = await createMsyncWorld(['ann', 'bob']);
    const node = await world.node();
    const named = await node.device('ann', 'd1');
    const others = [await node.device('ann', 'd2'), await node.device('bob', 'd1')];

    await endSessions('kicked', 'd1');

    expect(await kickOf(named)).toBe(4);
    for (const other of others) expect(await other.unread()).toEqual([]);
  });

  it('is none that began after the word', async () => {
    world = await createMsyncWorld(['ann']);
    const node = await world.node();
    await endSessions('kicked', null);

    const client = await node.device('ann');
    await world.send({ from: 'bob', to: 'ann' });
    await client.next('notice');

    expect(node.msync.sessions()).toBe(1);
  });
});
