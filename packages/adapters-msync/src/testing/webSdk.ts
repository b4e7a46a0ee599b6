import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The official web SDKs: one protocol, two builds. */
export const sdkNames = ['easemob-websdk', 'agora-chat'] as const;

export type SdkName = (typeof sdkNames)[number];

/** A message, or what an event brings, as an SDK hands it to a web app. */
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
  open(login: { readonly user: string; readonly accessToken: string }): Promise<unknown>;
  close(): void;
  send(message: object): Promise<SdkMessage>;
  recallMessage(recall: object): Promise<SdkMessage>;
  addEventHandler(name: string, handlers: object): void;
}

interface Sdk {
  readonly connection: new (options: Readonly<Record<string, unknown>>) => SdkConnection;
  readonly message: { create(options: object): object };
  readonly logger: { disableAll(): void };
}

/** What an upload answers: the file's id and its secret. */
export const uploaded = { uuid: '5a1b2c3d-0000-4000-8000-000000000001', secret: 'share-secret' };

/** Pages of roaming and uploads, answered from memory. */
class MemoryRequest {
  static metas: readonly Uint8Array[] = [];
  private readonly listeners: (() => void)[] = [];
  readyState = 0;
  status = 0;
  responseText = '';
  timeout = 0;
  onreadystatechange: (() => void) | null = null;
  open(): void {}
  setRequestHeader(): void {}
  addEventListener(event: string, listener: () => void): void {
    if (event === 'load') this.listeners.push(listener);
  }
  send(): void {
    const msgs = MemoryRequest.metas.map((meta) => ({ msg: Buffer.from(meta).toString('base64') }));
    const entities = [{ uuid: uploaded.uuid, 'share-secret': uploaded.secret }];
    this.responseText = JSON.stringify({ data: { msgs, next_key: '', is_last: true }, entities });
    this.status = 200;
    this.readyState = 4;
    queueMicrotask(() => {
      this.onreadystatechange?.();
      for (const listener of this.listeners) listener();
    });
  }
}

/** Takes each frame of a client; `push` sends one to it. */
export type ServerInMemory = (frame: Uint8Array, push: (frame: Uint8Array) => void) => void;

/** The socket between an SDK and a server in memory. */
class MemorySocket {
  static server: ServerInMemory = () => undefined;
  /** Each socket stays with the server that there was when it was opened. */
  private readonly server = MemorySocket.server;
  readyState = 0;
  binaryType = 'arraybuffer';
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((event: { readonly data: ArrayBuffer }) => void) | null = null;
  constructor() {
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }
  send(data: Uint8Array | ArrayBuffer): void {
    this.server(new Uint8Array(data), (frame) => this.receive(frame));
  }
  close(): void {
    this.readyState = 3;
    queueMicrotask(() => this.onclose?.());
  }
  private receive(frame: Uint8Array): void {
    // A view would show the SDK what else is in the pool.
    queueMicrotask(() => this.onmessage?.({ data: Uint8Array.from(frame).buffer }));
  }
}

/** What the SDKs look for before they take Node for a browser. */
const browserGlobals = {
  window: globalThis,
  self: globalThis,
  location: { protocol: 'http:', href: 'http://127.0.0.1/' },
  navigator: { userAgent: 'node', onLine: true },
  document: { addEventListener: () => undefined },
  localStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  addEventListener: () => undefined,
  WebSocket: MemorySocket,
  XMLHttpRequest: MemoryRequest,
};

function loadSdk(name: SdkName): Sdk {
  for (const [global, value] of Object.entries(browserGlobals)) {
    Object.defineProperty(globalThis, global, { value, configurable: true, writable: true });
  }
  const loaded = require(name) as Sdk & { readonly default?: Sdk };
  const sdk = loaded.default ?? loaded;
  sdk.logger.disableAll();
  return sdk;
}

function connectionOf(sdk: Sdk, appKey: string, deviceId: string): SdkConnection {
  return new sdk.connection({
    appKey,
    isHttpDNS: false,
    https: false,
    isFixedDeviceId: false,
    deviceId,
    url: 'ws://127.0.0.1:1/websocket',
    apiUrl: 'http://127.0.0.1:1',
  });
}

/** An official web SDK, logged in as `user`, reading roaming from memory. */
export function createSdkReader(name: SdkName, appKey: string, user: string) {
  const connection = connectionOf(loadSdk(name), appKey, 'reader');
  const [orgName = '', appName = ''] = appKey.split('#');
  const { root } = connection;
  Object.assign(connection.context, { orgName, appName, userId: user, accessToken: 'token', root });
  return {
    /** What the app sees of items that the server answers as roaming. */
    async read(...metas: readonly Uint8Array[]): Promise<readonly SdkMessage[]> {
      MemoryRequest.metas = metas;
      const page = await connection.getHistoryMessages({ targetId: 'peer', chatType: 'singleChat' });
      return page.messages;
    },
  };
}

/** What an SDK told its app: the handler's name, and what it was given. */
export type HeardEvent = readonly [event: string, data: unknown];

const events = [
  'onConnected',
  'onTextMessage',
  'onImageMessage',
  'onAudioMessage',
  'onVideoMessage',
  'onFileMessage',
  'onLocationMessage',
  'onCmdMessage',
  'onCustomMessage',
  'onCombineMessage',
  'onRecallMessage',
  'onReadMessage',
  'onDeliveredMessage',
  'onChannelMessage',
  'onMultiDeviceEvent',
  'onError',
  'onDisconnected',
];

/** An official web SDK whose socket ends at a server in memory. Its resource is `webim_web_{device}`. */
export function createSdkClient(name: SdkName, appKey: string, device: string, server: ServerInMemory) {
  const sdk = loadSdk(name);
  const connection = connectionOf(sdk, appKey, device);
  const heard: HeardEvent[] = [];
  const handlers = events.map((event) => [event, (data: unknown) => heard.push([event, data])] as const);
  connection.addEventHandler('test', Object.fromEntries(handlers));
  return {
    connection,
    message: sdk.message,
    heard,
    login(user: string): Promise<unknown> {
      MemorySocket.server = server;
      return connection.open({ user, accessToken: 'token' });
    },
  };
}
