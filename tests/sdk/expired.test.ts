import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../support/api.js';
import { historyOf, recallByRest, settle } from '../support/sdk/chats.js';
import { sdkNames } from '../support/sdk/bundle.js';
import { errorOf } from '../support/sdk/client.js';
import { openSdk } from '../support/sdk/sdk.js';
import { newUser, password } from '../support/sdk/users.js';
import { startServer, temporaryFolder } from '../support/server.js';
import type { RunningServer } from '../support/server.js';

/** Starts a server whose clock goes some hours ahead. */
function clockAhead(hours: number): Readonly<Record<string, string>> {
  const script = `const now = Date.now; Date.now = () => now() + ${hours * 3_600_000};`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` };
}

describe.each(sdkNames)('a message that the server no longer keeps, for %s', (name) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: RunningServer;

  const start = (env: Readonly<Record<string, string>> = {}) =>
    startServer(folder.dir, { RECALLD_MESSAGE_RETENTION: '1h', ...env });

  beforeEach(async () => {
    folder = await temporaryFolder();
    server = await start();
  });

  afterEach(async () => {
    await server.stop();
    await folder.remove();
  });

  /** A message from alice that bob has, and that expires while the server is down. */
  async function expired() {
    const before = openSdk(name, server.url);
    const api = await createApi(server.url);
    const [aliceName, bobName] = [await newUser(api, 'alice'), await newUser(api, 'bob')];
    const bob = await before.connect({ user: bobName, pwd: password }, { device: 'one' });
    const alice = await before.connect({ user: aliceName, pwd: password }, { device: 'one' });
    const mid = await settle(alice, bobName, 'singleChat', bob);
    await before.close();
    await server.stop();
    server = await start(clockAhead(2));
    return { aliceName, bobName, mid };
  }

  it('is recalled by force alone, and only its receiver is told', async () => {
    const { aliceName, bobName, mid } = await expired();
    const sdk = openSdk(name, server.url);
    const api = await createApi(server.url);
    const bob = await sdk.connect({ user: bobName, pwd: password }, { device: 'one' });
    const alice = await sdk.connect({ user: aliceName, pwd: password }, { device: 'one' });
    expect(await historyOf(bob, aliceName)).toEqual([]);

    expect(await errorOf(alice.recall(mid, bobName))).toMatchObject({ type: 503 });
    await recallByRest(api, mid, bobName, 'singleChat', { force: true });

    expect(await bob.next('onRecallMessage')).toMatchObject({ mid, to: bobName });
    await settle(bob, aliceName, 'singleChat', alice);
    expect(alice.take('onRecallMessage')).toEqual([]);
    await sdk.close();
  });
});
