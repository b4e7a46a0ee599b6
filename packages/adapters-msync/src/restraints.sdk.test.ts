import type { RestraintScope } from '@recalld/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { createLiveSdk } from './testing/liveSdk.js';
import type { LiveSdk } from './testing/liveSdk.js';
import { createMsyncWorld } from './testing/msyncWorld.js';
import type { MsyncWorld } from './testing/msyncWorld.js';
import { sdkNames } from './testing/sdkLoader.js';

let world: MsyncWorld;
let ann: LiveSdk;

afterEach(async () => {
  ann.connection.close();
  await world.close();
});

const group = { kind: 'groupchat', id: 'g1' } as const;

describe.each(sdkNames)('what %s makes of what keeps its user from sending', (name) => {
  /** ann is in, and nothing keeps her yet. */
  async function given(): Promise<void> {
    world = await createMsyncWorld(['ann', 'bob']);
    const node = await world.node();
    await world.group('g1', ['ann', 'bob']);
    ann = createLiveSdk(name, `${node.url}/websocket`);
    await ann.login('ann');
  }

  it.each<[string, RestraintScope, string, string, number]>([
    ['a block by the receiver', { by: 'user', user: 'bob' }, 'bob', 'singleChat', 603],
    ['a mute in the group', { by: 'chat', chat: group }, 'g1', 'groupChat', 219],
    ['a mute in all groups', { by: 'app', kind: 'groupchat' }, 'g1', 'groupChat', 507],
    ['a mute in all one-to-one chats', { by: 'app', kind: 'chat' }, 'bob', 'singleChat', 507],
  ])('%s, until it is lifted', async (_, scope, to, chatType, type) => {
    await given();
    const { restraints } = world.storage;
    const now = world.clock.now();

    await restraints.impose(world.app.no, scope, ['ann'], { until: null, now, most: null });
    expect(await ann.text(to, chatType)).toBe(type);

    await restraints.lift(world.app.no, scope, ['ann']);
    expect(await ann.text(to, chatType)).toBe('sent');
  });

  it('a disabled group, until it is enabled', async () => {
    await given();
    const { restraints } = world.storage;

    await restraints.setDisabled(world.app.no, group, true);
    expect(await ann.text('g1', 'groupChat')).toBe(608);

    await restraints.setDisabled(world.app.no, group, false);
    expect(await ann.text('g1', 'groupChat')).toBe('sent');
  });
});
