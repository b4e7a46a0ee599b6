import { WebSocket } from 'ws';
import { connectionOf, listen, loadSdk } from './sdkLoader.js';
import type { HeardEvent, SdkConnection, SdkName } from './sdkLoader.js';

interface LiveConnection extends SdkConnection {
  /** The socket that it has now. */
  readonly sock: WebSocket;
  send(message: object): Promise<unknown>;
  joinChatRoom(which: { readonly roomId: string }): Promise<unknown>;
  leaveChatRoom(which: { readonly roomId: string }): Promise<unknown>;
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

const transport = { WebSocket: BrowserSocket, XMLHttpRequest: SilentRequest };

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
  /** Sends a text. The error's type, or `sent`. */
  text(to: string, chatType?: string): Promise<number | 'sent'>;
  /** Sends a message of the SDK's own making. The error's type, or `sent`. */
  send(options: object): Promise<number | 'sent'>;
  /** What was heard of one event. */
  all(event: string): readonly unknown[];
}

export function createLiveSdk(name: SdkName, url: string, device = 'live'): LiveSdk {
  const sdk = loadSdk<LiveConnection>(name, transport);
  const connection = connectionOf(sdk, device, url);
  const heard = listen(connection, events);
  const send: LiveSdk['send'] = async (options) => {
    const refusal = await typeOf(connection.send(sdk.message.create(options)));
    return refusal ?? 'sent';
  };
  return {
    connection,
    heard,
    login: async (user, accessToken = `user:${user}`) => {
      const refusal = await typeOf(connection.open({ user, accessToken }));
      return refusal ?? 'connected';
    },
    text: (to, chatType = 'singleChat') => send({ type: 'txt', msg: 'hello', to, chatType }),
    send,
    all: (event) => heard.flatMap(([told, data]) => (told === event ? [data] : [])),
  };
}

/** The type of the error that an SDK rejects with; undefined: it did not. */
async function typeOf(done: Promise<unknown>): Promise<number | undefined> {
  try {
    await done;
    return undefined;
  } catch (refused) {
    return (refused as { readonly type: number }).type;
  }
}
