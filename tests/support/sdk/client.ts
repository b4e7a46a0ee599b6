import { describe } from './faults.js';
import type { BrowserWindow, FrameCount } from './browserWindow.js';
import type { Sdk, SdkConnection, SdkObject } from './bundle.js';
import { SdkEvents } from './events.js';
import type { SdkEventName } from './events.js';

export type ChatType = 'singleChat' | 'groupChat' | 'chatRoom';

/** Who logs in, and how: with a password or a token. */
export type Login =
  { readonly user: string; readonly pwd: string } | { readonly user: string; readonly accessToken: string };

/** What an SDK rejects with; `type` is one of its own error numbers. */
export interface SdkError {
  readonly type: number;
  readonly message: string;
}

export interface Sent {
  readonly serverMsgId: string;
  readonly localMsgId: string;
}

/** One page with one SDK, logged in. */
export class SdkClient {
  readonly user: string;
  readonly #sdk: Sdk;
  readonly #window: BrowserWindow;
  readonly #events: SdkEvents;
  readonly connection: SdkConnection;

  constructor(sdk: Sdk, window: BrowserWindow, options: object, user: string) {
    this.user = user;
    this.#sdk = sdk;
    this.#window = window;
    this.connection = new sdk.connection(options);
    this.#events = new SdkEvents(this.connection);
  }

  /** Errors that the SDK wrote to its console. */
  get consoleErrors(): readonly string[] {
    return this.#window.consoleErrors;
  }

  /** What went over its sockets. */
  get frames(): FrameCount {
    return { ...this.#window.frames };
  }

  /** Resolves when the SDK says that it is connected. @throws SdkError, as the SDK rejects. */
  async login(login: Login): Promise<void> {
    await this.connection.open(login);
    await this.next('onConnected');
  }

  /** The first event of that name that no test has had; waits for it. */
  next(name: SdkEventName, matches?: (event: SdkObject) => boolean): Promise<SdkObject> {
    return this.#events.next(name, matches);
  }

  /** All events of that name that no test has had. To see that nothing came, wait first for what comes later. */
  take(name: SdkEventName): readonly SdkObject[] {
    return this.#events.take(name);
  }

  /** Makes a message with the SDK. */
  create(message: object): object {
    return this.#sdk.message.create(message);
  }

  /** Makes a message with the SDK and sends it. @throws SdkError */
  async send(message: object): Promise<Sent> {
    return (await this.call('send', this.create(message))) as unknown as Sent;
  }

  async sendText(to: string, msg: string, chatType: ChatType = 'singleChat'): Promise<Sent> {
    return this.send({ type: 'txt', to, msg, chatType });
  }

  /** @throws SdkError */
  async recall(mid: string, to: string, chatType: ChatType = 'singleChat', ext?: string): Promise<Sent> {
    const recall = { mid, to, chatType, ...(ext === undefined ? {} : { ext }) };
    return (await this.call('recallMessage', recall)) as unknown as Sent;
  }

  /** Calls any method of the connection. @throws SdkError */
  async call(method: string, ...given: readonly unknown[]): Promise<SdkObject> {
    const found = this.connection[method];
    if (typeof found !== 'function') throw new Error(`the SDK has no ${method}`);
    return (await (found.apply(this.connection, given) as unknown)) as SdkObject;
  }

  /** What the browser tells its page. */
  tell(event: string): void {
    this.#window.tell(event);
  }

  /** Logs out. */
  close(): void {
    this.connection.close();
  }
}

/** What a call of an SDK's rejects with. @throws when it does not. */
export async function errorOf(asked: Promise<unknown>): Promise<SdkError> {
  const settled = await asked.then(
    () => undefined,
    (fault: unknown) => fault as SdkError,
  );
  if (settled === undefined) throw new Error('the SDK resolved');
  if (typeof settled.type !== 'number') throw new Error(`no error of an SDK: ${describe(settled)}`);
  return settled;
}
