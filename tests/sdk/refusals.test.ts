import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../support/api.js';
import type { Api } from '../support/api.js';
import { sdkNames } from '../support/sdk/bundle.js';
import { errorOf } from '../support/sdk/client.js';
import type { SdkClient } from '../support/sdk/client.js';
import { openSdk } from '../support/sdk/sdk.js';
import type { OpenSdk } from '../support/sdk/sdk.js';
import { newUser, password } from '../support/sdk/users.js';
import { credentials, startServer, temporaryFolder } from '../support/server.js';
import type { RunningServer } from '../support/server.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let api: Api;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startServer(folder.dir);
  api = await createApi(server.url);
});

afterAll(async () => {
  await server.stop();
  await folder.remove();
});

async function setLimits(limits: object): Promise<void> {
  const path = `${server.url}/admin/v1/apps/${credentials.org}/${credentials.app}/rate-limits`;
  const headers = {
    authorization: `Bearer ${credentials.rootToken}`,
    'content-type': 'application/json',
  };
  const answer = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(limits) });
  expect(answer.status).toBe(200);
}

describe.each(sdkNames)('what %s makes of a refusal', (name) => {
  let sdk: OpenSdk;
  let alice: SdkClient;
  let bob: SdkClient;
  let group: string;

  beforeEach(async () => {
    sdk = openSdk(name, server.url);
    [alice, bob] = [
      await sdk.connect({ user: await newUser(api, 'alice'), pwd: password }),
      await sdk.connect({ user: await newUser(api, 'bob'), pwd: password }),
    ];
    const made = await api.app('POST', '/chatgroups', {
      groupname: 'a group',
      description: 'of two',
      public: true,
      owner: alice.user,
      members: [bob.user],
    });
    group = (made.body['data'] as { readonly groupid: string }).groupid;
  });

  afterEach(() => sdk.close());

  it('for one who is not in a group: 602, and for no group: 605', async () => {
    const carol = await sdk.connect({ user: await newUser(api, 'carol'), pwd: password });

    expect(await errorOf(carol.sendText(group, 'hello', 'groupChat'))).toMatchObject({ type: 602 });
    expect(await errorOf(carol.sendText('nowhere', 'hello', 'groupChat'))).toMatchObject({ type: 605 });
    expect(await errorOf(carol.call('joinChatRoom', { roomId: 'nowhere' }))).toMatchObject({ type: 705 });
  });

  it('for what is too large: 511, and for too many members: 50', async () => {
    const receiverList = Array.from({ length: 21 }, (_, n) => `u${n}`);
    const directed = { type: 'txt', msg: 'hello', to: group, chatType: 'groupChat', receiverList };

    expect(await errorOf(alice.sendText(bob.user, 'x'.repeat(7_000)))).toMatchObject({ type: 511 });
    expect(await errorOf(alice.send(directed))).toMatchObject({ type: 50 });
  });

  it('for another’s message: 503, and nobody hears of it', async () => {
    const { serverMsgId } = await alice.sendText(group, 'hello', 'groupChat');

    expect(await errorOf(bob.recall(serverMsgId, group, 'groupChat'))).toMatchObject({
      type: 503,
      message: 'not_found msg',
    });
    await alice.recall(serverMsgId, group, 'groupChat');
    expect(await bob.next('onRecallMessage')).toMatchObject({ mid: serverMsgId, from: alice.user });
    expect(await errorOf(alice.recall(serverMsgId, group, 'groupChat'))).toMatchObject({ type: 503 });
    expect(bob.take('onRecallMessage')).toEqual([]);
  });

  it('while recalling is off: 505, and after the window: 504', async () => {
    const { serverMsgId } = await alice.sendText(bob.user, 'hello');

    await api.admin('PUT', '/recall-policy', { enabled: false, window_seconds: 1 });
    expect(await errorOf(alice.recall(serverMsgId, bob.user))).toMatchObject({ type: 505 });
    await api.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 1 });
    // Longer than the window.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await errorOf(alice.recall(serverMsgId, bob.user))).toMatchObject({ type: 504 });

    await api.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 120 });
    await alice.recall(serverMsgId, bob.user);
  });

  it('for an edit: 505', async () => {
    const { serverMsgId } = await alice.sendText(bob.user, 'hello');
    const modifiedMessage = alice.create({ type: 'txt', msg: 'other', to: bob.user, chatType: 'singleChat' });

    const edit = alice.call('modifyMessage', { messageId: serverMsgId, modifiedMessage });

    expect(await errorOf(edit)).toMatchObject({ type: 505 });
  });

  it('for more than the app may send in a second: 509, and later not', async () => {
    await setLimits({ client_messages_per_second: 1, client_recalls_per_second: 1 });
    const texts = [1, 2, 3].map((n) => alice.sendText(bob.user, `text ${n}`));

    const fates = await Promise.allSettled(texts);

    expect(fates.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(1);
    for (const fate of fates) {
      if (fate.status === 'rejected') expect(fate.reason).toMatchObject({ type: 509 });
    }
    await setLimits({ client_messages_per_second: null, client_recalls_per_second: null });
    await alice.sendText(bob.user, 'the last one');
  });
});
