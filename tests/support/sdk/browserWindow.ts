import { inspect } from 'node:util';
import { WebSocket } from 'ws';
import { FileReader } from './fileReader.js';
import { XmlHttpRequest } from './xmlHttpRequest.js';

/** What a page keeps between its visits. Two windows with the same one are two tabs. */
export type PageStorage = Map<string, string>;

/** Frames of a page. */
export interface FrameCount {
  readonly sent: number;
  readonly heard: number;
}

/** A window as the SDKs see it: the globals of Node, and over them those of a browser. */
export interface BrowserWindow {
  /** By name: what a script of the page finds as globals. */
  readonly globals: Readonly<Record<string, unknown>>;
  /** What went over the page's WebSockets. */
  readonly frames: FrameCount;
  /** Errors that the page's scripts wrote to its console. */
  readonly consoleErrors: readonly string[];
  /** What a browser tells its pages: `online`, `offline`, `visibilitychange`. */
  tell(event: string): void;
}

export function openWindow(storage: PageStorage): BrowserWindow {
  const consoleErrors: string[] = [];
  const frames = { sent: 0, heard: 0 };
  const events = new EventTarget();
  const listening = {
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  };
  const quiet = () => undefined;
  const console = {
    log: quiet,
    debug: quiet,
    info: quiet,
    warn: quiet,
    group: quiet,
    groupEnd: quiet,
    error: (...words: readonly unknown[]) => void consoleErrors.push(words.map(textOf).join(' ')),
  };
  const own = {
    ...listening,
    console,
    WebSocket: countingSocket(frames),
    XMLHttpRequest: XmlHttpRequest,
    FileReader,
    localStorage: localStorageOf(storage),
    location: { protocol: 'http:', host: '127.0.0.1', hostname: '127.0.0.1', href: 'http://127.0.0.1/' },
    navigator: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0 Safari/537.36', onLine: true },
    document: { ...listening, visibilityState: 'visible', hidden: false },
  };
  const window: Record<string, unknown> = Object.assign(Object.create(globalThis) as object, own);
  const globals = { ...own, window, self: window, globalThis: window };
  Object.assign(window, { window, self: window });
  return { globals, frames, consoleErrors, tell: (event) => void events.dispatchEvent(new Event(event)) };
}

function countingSocket(frames: { sent: number; heard: number }) {
  return class extends WebSocket {
    constructor(url: string) {
      // As in a browser: what one message sets going is done before the next one is told.
      super(url, { allowSynchronousEvents: false });
      this.on('message', () => void (frames.heard += 1));
      // A page need not listen to errors; unheard, one of Node's would be thrown, and no close would follow.
      this.on('error', () => undefined);
    }

    override send(data: Uint8Array): void {
      frames.sent += 1;
      super.send(data);
    }
  };
}

function localStorageOf(storage: PageStorage) {
  return {
    getItem: (name: string) => storage.get(name) ?? null,
    setItem: (name: string, value: unknown) => void storage.set(name, String(value)),
    removeItem: (name: string) => void storage.delete(name),
    clear: () => storage.clear(),
  };
}

function textOf(value: unknown): string {
  return value instanceof Error ? (value.stack ?? value.message) : inspect(value);
}
