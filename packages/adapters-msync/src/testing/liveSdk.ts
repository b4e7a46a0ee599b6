import { createRequire } from 'node:module';
import { WebSocket } from 'ws';
import { appKey } from './given.js';
import type { HeardEvent, SdkName } from './webSdk.js';

const require = createRequire(import.meta.url);

interface LiveConnection {
  open(login: { readonly user: string; readonly accessToken: string }): Promise<unknown>;
  close(): void;
  addEventHandler(name: string, handlers: object): void;
  /** The socket that it has now. */
  readonly sock: WebSocket;
}

interface Sdk {
  readonly connection: new (options: Readonly<Record<string, unknown>>) => LiveConnection;
  readonly logger: { disableAll(): void };
}

/** Answers nothing: a login with a token asks nothing over HTTP. */
class SilentRequest {
  open(): void {}
  send(): void {}
  setRequestHeader(): void {}
  addEventListener(): void {}
}

/** A browser's socket tells of an error and goes on. */
class BrowserSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => undefined);
  }
}

const browserGlobals = {
  window: globalThis,
  self: globalThis,
  location: { protocol: 'http:', href: 'http://127.0.0.1/' },
  navigator: { userAgent: 'node', onLine: true },
  document: { addEventListener: () => undefined },
  localStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  addEventListener: () => undefined,
  WebSocket: BrowserSocket,
  XMLHttpRequest: SilentRequest,
};

const events = [
  'onConnected',
  'onReconnecting',
  'onDisconnected',
  'onTextMessage',
  'onError',
  'onOfflineMessageSyncFinish',
];

/** An official web SDK on a real socket. */
export interface LiveSdk {
  readonly connection: LiveConnection;
  readonly heard: readonly HeardEvent[];
  /** The error's type, or `connected`. */
  login(user: string, token?: string): Promise<number | 'connected'>;
  /** What was heard of one event. */
  all(event: string): readonly unknown[];
}

export function createLiveSdk(name: SdkName, url: string, device = 'live'): LiveSdk {
  for (const [global, value] of Object.entries(browserGlobals)) {
    Object.defineProperty(globalThis, global, { value, configurable: true, writable: true });
  }
  const loaded = require(name) as Sdk & { readonly default?: Sdk };
  const sdk = loaded.default ?? loaded;
  sdk.logger.disableAll();
  const connection = new sdk.connection({
    appKey,
    isHttpDNS: false,
    https: false,
    isFixedDeviceId: false,
    deviceId: device,
    url,
    apiUrl: 'http://127.0.0.1:1',
  });
  const heard: HeardEvent[] = [];
  const handlers = events.map((event) => [event, (data: unknown) => heard.push([event, data])] as const);
  connection.addEventHandler('test', Object.fromEntries(handlers));
  return {
    connection,
    heard,
    login: async (user, accessToken = `user:${user}`) => {
      try {
        await connection.open({ user, accessToken });
        return 'connected';
      } catch (refused) {
        return (refused as { readonly type: number }).type;
      }
    },
    all: (event) => heard.flatMap(([told, data]) => (told === event ? [data] : [])),
  };
}
