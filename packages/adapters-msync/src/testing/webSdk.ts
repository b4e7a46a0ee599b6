import { appKey } from './given.js';
import { connectionOf, listen, loadSdk } from './sdkLoader.js';
import type { SdkConnection, SdkName } from './sdkLoader.js';

/** A message as an SDK hands it to a web app. */
export type SdkMessage = Readonly<Record<string, unknown>>;

interface MemoryConnection extends SdkConnection {
  getHistoryMessages(query: {
    targetId: string;
    chatType: 'singleChat' | 'groupChat' | 'chatRoom';
  }): Promise<{ readonly messages: readonly SdkMessage[] }>;
  send(message: object): Promise<SdkMessage>;
  recallMessage(recall: object): Promise<SdkMessage>;
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
type ServerInMemory = (frame: Uint8Array, push: (frame: Uint8Array) => void) => void;

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

const transport = { WebSocket: MemorySocket, XMLHttpRequest: MemoryRequest };

/** An official web SDK, logged in as `user`, reading roaming from memory. */
export function createSdkReader(name: SdkName, user: string) {
  const connection = connectionOf(loadSdk<MemoryConnection>(name, transport), 'reader');
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

const events = [
  'onTextMessage',
  'onRecallMessage',
  'onReadMessage',
  'onDeliveredMessage',
  'onChannelMessage',
  'onMultiDeviceEvent',
  'onError',
];

/** An official web SDK whose socket ends at a server in memory. */
export function createSdkClient(name: SdkName, device: string, server: ServerInMemory) {
  const sdk = loadSdk<MemoryConnection>(name, transport);
  const connection = connectionOf(sdk, device);
  return {
    connection,
    message: sdk.message,
    heard: listen(connection, events),
    login(user: string): Promise<unknown> {
      MemorySocket.server = server;
      return connection.open({ user, accessToken: 'token' });
    },
  };
}
