import { createRequire } from 'node:module';
import { appKey } from './given.js';

const require = createRequire(import.meta.url);

/** The official web SDKs: one protocol, two builds. */
export const sdkNames = ['easemob-websdk', 'agora-chat'] as const;

export type SdkName = (typeof sdkNames)[number];

const sdks: Readonly<Record<SdkName, () => unknown>> = {
  'easemob-websdk': () => require('easemob-websdk'),
  'agora-chat': () => require('agora-chat'),
};

/** What a test may need of a connection; the SDKs have more. */
export interface SdkConnection {
  /** What a login fills. */
  readonly context: object;
  /** The SDK's own decoder. */
  readonly root: unknown;
  open(login: { readonly user: string; readonly accessToken: string }): Promise<unknown>;
  close(): void;
  addEventHandler(name: string, handlers: object): void;
}

export interface Sdk<Connection extends SdkConnection> {
  readonly connection: new (options: Readonly<Record<string, unknown>>) => Connection;
  readonly message: { create(options: object): object };
  readonly logger: { disableAll(): void };
}

/** How an SDK reaches its server. */
export interface SdkTransport {
  readonly WebSocket: unknown;
  readonly XMLHttpRequest: unknown;
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
};

/** An unmodified SDK in a browser that is none. */
export function loadSdk<Connection extends SdkConnection>(
  name: SdkName,
  transport: SdkTransport,
): Sdk<Connection> {
  for (const [global, value] of Object.entries({ ...browserGlobals, ...transport })) {
    Object.defineProperty(globalThis, global, { value, configurable: true, writable: true });
  }
  const loaded = sdks[name]() as Sdk<Connection> & { readonly default?: Sdk<Connection> };
  const sdk = loaded.default ?? loaded;
  sdk.logger.disableAll();
  return sdk;
}

/** Nobody is logged in yet. The resource is `webim_web_{device}`. */
export function connectionOf<Connection extends SdkConnection>(
  sdk: Sdk<Connection>,
  device: string,
  url = 'ws://127.0.0.1:1/websocket',
): Connection {
  const deviceOptions = { isFixedDeviceId: false, deviceId: device };
  const addresses = { isHttpDNS: false, https: false, url, apiUrl: 'http://127.0.0.1:1' };
  return new sdk.connection({ appKey, ...deviceOptions, ...addresses });
}

/** What an SDK told its app: the handler's name, and what it was given. */
export type HeardEvent = readonly [event: string, data: unknown];

/** Everything that is told of these events from now on. */
export function listen(connection: SdkConnection, events: readonly string[]): readonly HeardEvent[] {
  const heard: HeardEvent[] = [];
  const handlers = events.map((event) => [event, (data: unknown) => heard.push([event, data])] as const);
  connection.addEventHandler('test', Object.fromEntries(handlers));
  return heard;
}
