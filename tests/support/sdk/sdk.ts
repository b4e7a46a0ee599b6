import { credentials } from '../server.js';
import { loadSdk } from './bundle.js';
import type { SdkName } from './bundle.js';
import { openWindow } from './browserWindow.js';
import type { PageStorage } from './browserWindow.js';
import { SdkClient } from './client.js';
import type { Login } from './client.js';
import { watchFaults } from './faults.js';

// Drives the official web SDKs, unmodified, in Node:
//
//   const sdk = openSdk('easemob-websdk', server.url);
//   const alice = await sdk.connect({ user: 'alice', pwd: 'secret' });
//   const { serverMsgId } = await alice.sendText('bob', 'hello');
//   const message = await bob.next('onTextMessage');
//   expect(bob.take('onRecallMessage')).toEqual([]);
//   await sdk.close();
//
// Each client has a window of its own: the SDK's bundle runs with a browser's globals as its
// parameters, so both SDKs and any number of users live in one process, and no global of Node's is
// replaced. `storage` is the window's localStorage, where the SDKs keep their device's name: given to
// two clients it makes them two tabs of one browser. `device` names the device itself.
//
// `close` logs all clients out, and throws when a rejection or exception went unhandled in this
// process, or when an SDK wrote an error to its console that no test has taken: an SDK that throws at
// a frame does not tell its app.

export interface ConnectOptions {
  /** The device's name; left out, the SDK makes one. */
  readonly device?: string;
  readonly storage?: PageStorage;
  /** Other options of the SDK's connection. */
  readonly options?: object;
}

export interface OpenSdk {
  readonly name: SdkName;
  /** A page that is not logged in yet. */
  page(user: string, options?: ConnectOptions): SdkClient;
  /** A page that is logged in. @throws SdkError */
  connect(login: Login, options?: ConnectOptions): Promise<SdkClient>;
  /** What the SDKs wrote to their consoles as errors; a test that provokes them takes them. */
  takeConsoleErrors(): readonly string[];
  close(): Promise<void>;
}

/** @param url of a server that {@link credentials} name the app of, or of a proxy before it */
export function openSdk(name: SdkName, url: string): OpenSdk {
  const faults = watchFaults();
  const clients: SdkClient[] = [];
  const seen = new Map<SdkClient, number>();

  function page(user: string, { device, storage = new Map(), options = {} }: ConnectOptions = {}): SdkClient {
    const window = openWindow(storage);
    const named = device === undefined ? {} : { isFixedDeviceId: false, deviceId: device };
    const connection = { ...optionsFor(url), ...named, ...options };
    const client = new SdkClient(loadSdk(name, window), window, connection, user);
    clients.push(client);
    return client;
  }

  const takeConsoleErrors = () =>
    clients.flatMap((client) => {
      const errors = client.consoleErrors.slice(seen.get(client) ?? 0);
      seen.set(client, client.consoleErrors.length);
      return errors;
    });

  return {
    name,
    page,
    connect: async (login, options) => {
      const client = page(login.user, options);
      await client.login(login);
      return client;
    },
    takeConsoleErrors,
    async close() {
      for (const client of clients) client.close();
      // Rejections are told once their handlers had their turn.
      await new Promise(setImmediate);
      faults.stop();
      const wrong = [...faults.take(), ...takeConsoleErrors()];
      if (wrong.length > 0) throw new Error(`${name} met with:\n${wrong.join('\n')}`);
    },
  };
}

function optionsFor(url: string): object {
  return {
    appKey: `${credentials.org}#${credentials.app}`,
    isHttpDNS: false,
    https: false,
    url: `${url.replace('http', 'ws')}/websocket`,
    apiUrl: url,
  };
}
