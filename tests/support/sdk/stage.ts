import { afterAll, afterEach, beforeAll, beforeEach, describe, vi } from 'vitest';
import { createApi } from '../api.js';
import type { Api } from '../api.js';
import { startServer, temporaryFolder } from '../server.js';
import type { RunningServer } from '../server.js';
import { sdkNames } from './bundle.js';
import type { SdkName } from './bundle.js';
import type { SdkClient } from './client.js';
import { openSdk } from './sdk.js';
import type { ConnectOptions, OpenSdk } from './sdk.js';
import { newUser } from './users.js';

/** What scenarios are played on: one server for a file, and one of the SDKs. */
export interface Stage {
  readonly name: SdkName;
  readonly api: Api;
  readonly server: RunningServer;
  /** The folder that the server keeps its data in. */
  readonly dataDir: string;
  /** The SDK as a test has it. */
  readonly sdk: OpenSdk;
  /** A user whom no other test knows, connected. @param name what the user's name begins with */
  arrive(name: string, options?: ConnectOptions): Promise<SdkClient>;
  /** A user whom no other test knows and who has never connected. */
  absent(name: string): Promise<string>;
  /** Another device of a user, or the same one again. */
  connect(user: string, options?: ConnectOptions): Promise<SdkClient>;
  /** Logs out; resolves when the server knows. */
  leave(client: SdkClient): Promise<void>;
}

/**
 * Plays scenarios with each official SDK. A rejection or exception that nobody handled, or an error on
 * the SDK's console, fails the test that it happened in.
 */
export function describeWithSdks(scenarios: (stage: Stage) => void): void {
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

  describe.each(sdkNames)('%s', (name) => {
    let sdk: OpenSdk;

    beforeEach(() => {
      sdk = openSdk(name, server.url);
    });

    afterEach(() => sdk.close());

    const absent = (userName: string) => newUser(api, userName);
    const connect = async (user: string, options?: ConnectOptions) =>
      sdk.connect({ user, accessToken: await grantedToken(api, user) }, options);

    scenarios({
      name,
      get api() {
        return api;
      },
      get server() {
        return server;
      },
      get dataDir() {
        return folder.dir;
      },
      get sdk() {
        return sdk;
      },
      absent,
      connect,
      arrive: async (userName, options) => connect(await absent(userName), options),
      leave: (client) => leave(api, client),
    });
  });
}

/** Waits for what takes its time somewhere else. */
export function eventually<T>(check: () => Promise<T> | T): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000, interval: 20 });
}

/** A user's token by the app's word: no password has to be hashed for it. */
async function grantedToken(api: Api, username: string): Promise<string> {
  const { body, text } = await api.app('POST', '/token', { grant_type: 'inherit', username });
  const token = body['access_token'];
  if (typeof token !== 'string') throw new Error(`no token of ${username} was granted: ${text}`);
  return token;
}

async function leave(api: Api, client: SdkClient): Promise<void> {
  const connected = async () => {
    const { body } = await api.app('GET', `/users/${client.user}/resources`);
    return (body['data'] as readonly unknown[]).length;
  };
  const before = await connected();
  client.close();
  await eventually(async () => {
    if ((await connected()) >= before) throw new Error(`${client.user} is still connected`);
  });
}
