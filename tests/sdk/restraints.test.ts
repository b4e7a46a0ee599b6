import { expect, it } from 'vitest';
import { errorOf } from '../support/sdk/client.js';
import type { ChatType, SdkClient } from '../support/sdk/client.js';
import { describeWithSdks } from '../support/sdk/stage.js';
import type { Stage } from '../support/sdk/stage.js';

async function groupOf({ api }: Stage, owner: string, member: string): Promise<string> {
  const asked = { groupname: 'g', description: 'g', public: true, owner, members: [member] };
  const made = await api.app('POST', '/chatgroups', asked);
  return (made.body['data'] as { readonly groupid: string }).groupid;
}

const refusalOf = (client: SdkClient, to: string, chatType: ChatType = 'singleChat') =>
  errorOf(client.sendText(to, 'hello', chatType));

describeWithSdks((stage) => {
  it('blocks a user, who is told so, until the block is ended', async () => {
    const [alice, bob] = [await stage.arrive('alice'), await stage.arrive('bob')];

    await bob.call('addUsersToBlocklist', { name: [alice.user] });
    expect(await bob.call('getBlocklist')).toMatchObject({ data: [alice.user] });
    expect(await refusalOf(alice, bob.user)).toMatchObject({ type: 603 });
    await bob.sendText(alice.user, 'hello');

    await bob.call('removeUserFromBlocklist', { name: alice.user });
    await alice.sendText(bob.user, 'hello again');
    expect(await bob.next('onTextMessage')).toMatchObject({ msg: 'hello again' });
  });

  it('mutes a member of its own group, until the mute is ended', async () => {
    const [alice, bob] = [await stage.arrive('alice'), await stage.arrive('bob')];
    const groupId = await groupOf(stage, alice.user, bob.user);

    await alice.call('muteGroupMember', { groupId, username: bob.user, muteDuration: 600_000 });
    expect(await alice.call('getGroupMuteList', { groupId })).toMatchObject({ data: [{ user: bob.user }] });
    expect(await refusalOf(bob, groupId, 'groupChat')).toMatchObject({ type: 219 });

    await alice.call('unmuteGroupMember', { groupId, username: bob.user });
    await bob.sendText(groupId, 'hello again', 'groupChat');
  });

  it('hears that its user is muted by the app, and that a group is disabled', async () => {
    const [alice, bob] = [await stage.arrive('alice'), await stage.arrive('bob')];
    const groupId = await groupOf(stage, alice.user, bob.user);
    const { api } = stage;

    await api.app('POST', '/mutes', { username: alice.user, chat: -1, groupchat: 600 });
    expect(await refusalOf(alice, bob.user)).toMatchObject({ type: 507 });
    expect(await refusalOf(alice, groupId, 'groupChat')).toMatchObject({ type: 507 });
    await api.app('POST', '/mutes', { username: alice.user, chat: 0, groupchat: 0 });
    await alice.sendText(bob.user, 'hello');

    await api.app('POST', `/chatgroups/${groupId}/disable`);
    expect(await alice.call('getGroupInfo', { groupId })).toMatchObject({ data: [{ disabled: true }] });
    expect(await refusalOf(alice, groupId, 'groupChat')).toMatchObject({ type: 608 });
    await api.app('POST', `/chatgroups/${groupId}/enable`);
    await alice.sendText(groupId, 'hello', 'groupChat');
  });
});
