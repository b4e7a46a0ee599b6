import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A message as the official web SDK hands it to a web app. */
export type SdkMessage = Readonly<Record<string, unknown>>;

interface SdkConnection {
  /** What a login fills. */
  readonly context: object;
  /** The SDK's own decoder. */
  readonly root: unknown;
  getHistoryMessages(query: {
    targetId: string;
    chatType: 'singleChat' | 'groupChat' | 'chatRoom';
  }): Promise<{ readonly messages: readonly SdkMessage[] }>;
}

interface Sdk {
  readonly connection: new (options: Readonly<Record<string, unknown>>) => SdkConnection;
  readonly logger: { disableAll(): void };
}

/** The one REST call that roaming makes, answered from memory. */
class RoamingRequest {
  static metas: readonly Uint8Array[] = [];
  readyState = 0;
  status = 0;
  responseText = '';
  timeout = 0;
  onreadystatechange: (() => void) | null = null;
  open(): void {}
  setRequestHeader(): void {}
  send(): void {
    const msgs = RoamingRequest.metas.map((meta) => ({ msg: Buffer.from(meta).toString('base64') }));
    this.responseText = JSON.stringify({ data: { msgs, next_key: '', is_last: true } });
    this.status = 200;
    this.readyState = 4;
    queueMicrotask(() => this.onreadystatechange?.());
  }
}

/** What the SDK looks for before it takes Node for a browser. */
const browserGlobals = {
  window: globalThis,
  self: globalThis,
  location: { protocol: 'http:', href: 'http://127.0.0.1/' },
  navigator: { userAgent: 'node', onLine: true },
  document: { addEventListener: () => undefined },
  localStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  addEventListener: () => undefined,
  WebSocket: class {},
  XMLHttpRequest: RoamingRequest,
};

function loadSdk(): Sdk {
  for (const [name, value] of Object.entries(browserGlobals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return require('easemob-websdk') as Sdk;
}

/** The official web SDK, logged in as `user`, reading roaming from memory. */
export function createSdkReader(appKey: string, user: string) {
  const sdk = loadSdk();
  sdk.logger.disableAll();
  const connection = new sdk.connection({
    appKey,
    isHttpDNS: false,
    https: false,
    url: 'ws://127.0.0.1:1/websocket',
    apiUrl: 'http://127.0.0.1:1',
  });
  const [orgName = '', appName = ''] = appKey.split('#');
  const { root } = connection;
  Object.assign(connection.context, { orgName, appName, userId: user, accessToken: 'token', root });
  return {
    /** What the app sees of items that the server answers as roaming. */
    async read(...metas: readonly Uint8Array[]): Promise<readonly SdkMessage[]> {
      RoamingRequest.metas = metas;
      const page = await connection.getHistoryMessages({ targetId: 'peer', chatType: 'singleChat' });
      return page.messages;
    },
  };
}
