import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from './support/api.js';
import type { Api } from './support/api.js';
import { startHttpProxy } from './support/httpProxy.js';
import type { HttpProxy } from './support/httpProxy.js';
import type { SdkObject } from './support/sdk/bundle.js';
import { recallByRest } from './support/sdk/chats.js';
import { openSdk } from './support/sdk/sdk.js';
import type { OpenSdk } from './support/sdk/sdk.js';
import { newUser, password } from './support/sdk/users.js';
import { startServer, temporaryFolder } from './support/server.js';
import type { RunningServer } from './support/server.js';

const callerAddress = '203.0.113.9';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let proxy: HttpProxy;
let sdk: OpenSdk | undefined;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await sdk?.close();
  sdk = undefined;
  proxy.close();
  await server.stop();
  await folder.remove();
});

/** A server behind a proxy; answers its API as callers of the proxy have it. */
async function behindProxy(trustedProxies: string): Promise<Api> {
  server = await startServer(folder.dir, { RECALLD_TRUSTED_PROXIES: trustedProxies });
  proxy = await startHttpProxy(server.url, callerAddress);
  return createApi(proxy.url);
}

/** Where a message's recall came from, as its audit trail has it. */
async function recalledFrom(api: Api, msgId: string): Promise<unknown> {
  const { body } = await api.admin('GET', `/messages/${msgId}/events`);
  const events = body['entities'] as readonly { readonly type: string; readonly data: SdkObject }[];
  return events.find(({ type }) => type === 'MessageRecalled')?.data['origin'];
}

async function recalledByRest(api: Api): Promise<unknown> {
  const msgId = await api.sendText('alice', 'bob', 'a slip');
  await recallByRest(api, msgId, 'bob');
  return recalledFrom(api, msgId);
}

describe('behind a proxy', () => {
  it('given that it is trusted, then a recall by REST came from its caller', async () => {
    const api = await behindProxy('10.0.0.0/8,127.0.0.1');
    expect(await recalledByRest(api)).toMatchObject({ via: 'easemob', ip: callerAddress });
  });

  it('given that it is trusted, then a recall over a WebSocket came from its caller', async () => {
    const api = await behindProxy('10.0.0.0/8,127.0.0.1');
    const [alice, bob] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
    sdk = openSdk('easemob-websdk', proxy.url);
    const device = await sdk.connect({ user: alice, pwd: password });
    const { serverMsgId } = await device.sendText(bob, 'a slip', 'singleChat');

    await device.recall(serverMsgId, bob, 'singleChat');

    const origin = { via: 'client', platform: 'Web', ip: callerAddress };
    expect(await recalledFrom(api, serverMsgId)).toEqual(origin);
  });

  it('given that another one is trusted, then a recall came from the proxy', async () => {
    const api = await behindProxy('10.0.0.0/8');
    expect(await recalledByRest(api)).toMatchObject({ via: 'easemob', ip: '127.0.0.1' });
  });
});
