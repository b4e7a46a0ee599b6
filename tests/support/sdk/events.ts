import type { SdkConnection, SdkObject } from './bundle.js';

/** What an SDK tells its app; the same names in both. */
const eventNames = [
  'onConnected',
  'onDisconnected',
  'onReconnecting',
  'onError',
  'onTokenWillExpire',
  'onTokenExpired',
  'onOfflineMessageSyncStart',
  'onOfflineMessageSyncFinish',
  'onMessage',
  'onTextMessage',
  'onImageMessage',
  'onVideoMessage',
  'onAudioMessage',
  'onFileMessage',
  'onLocationMessage',
  'onCustomMessage',
  'onCmdMessage',
  'onCombineMessage',
  'onRecallMessage',
  'onReadMessage',
  'onDeliveredMessage',
  'onReceivedMessage',
  'onChannelMessage',
  'onMultiDeviceEvent',
  'onStatisticMessage',
] as const;

export type SdkEventName = (typeof eventNames)[number];

/** How long an event may take: as long as any machine needs, and less than a test may. */
const deadlineMs = 20_000;

interface Waiting {
  matches(event: SdkObject): boolean;
  resolve(event: SdkObject): void;
}

/** Collects what an SDK tells its app, in order, until a test asks for it. */
export class SdkEvents {
  readonly #told = new Map<SdkEventName, SdkObject[]>();
  readonly #waiting = new Map<SdkEventName, Waiting[]>();

  constructor(connection: SdkConnection) {
    const handlers = eventNames.map((name) => [name, (event: SdkObject) => this.#hear(name, event ?? {})]);
    connection.addEventHandler('test', Object.fromEntries(handlers) as Record<string, () => void>);
  }

  /** The first event of that name that no test has had and that matches; waits for it. @throws after 20 s. */
  async next(name: SdkEventName, matches: (event: SdkObject) => boolean = () => true): Promise<SdkObject> {
    const told = this.#told.get(name) ?? [];
    const index = told.findIndex(matches);
    const [found] = index < 0 ? [] : told.splice(index, 1);
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const others = [...this.#told].map(([other, events]) => `${events.length} ${other}`);
        reject(new Error(`no ${name} came; not asked for yet: ${others.join(', ') || 'nothing'}`));
      }, deadlineMs);
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, waiting);
      waiting.push({
        matches,
        resolve: (event) => {
          clearTimeout(timer);
          resolve(event);
        },
      });
    });
  }

  /** All events of that name that no test has had, which has them now. */
  take(name: SdkEventName): readonly SdkObject[] {
    const told = this.#told.get(name) ?? [];
    this.#told.delete(name);
    return told;
  }

  #hear(name: SdkEventName, event: SdkObject): void {
    const waiting = this.#waiting.get(name) ?? [];
    const index = waiting.findIndex(({ matches }) => matches(event));
    const [first] = index < 0 ? [] : waiting.splice(index, 1);
    if (first !== undefined) return first.resolve(event);
    this.#told.set(name, [...(this.#told.get(name) ?? []), event]);
  }
}
