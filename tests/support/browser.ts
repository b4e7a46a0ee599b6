import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { chromiumHint, findChromium } from '../../scripts/lib/chromium.mjs';

// Drives real Chromium, headless, with a new empty profile:
//
//   const browser = await openBrowser();
//   const page = await browser.page(url);
//   await browser.close();
//
// Each page has a context of its own: its storage is nobody else's. The browser finds 127.0.0.1 and no
// other host. `close` throws when a page asked another one, wrote an error to its console that no test
// has taken, threw, or left a rejection unhandled.

/** Whether tests can have a browser: for `describe.skipIf`. */
export const browserAvailable = () => findChromium() !== undefined;

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Not even a question for a name leaves the machine.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** How long a page may take for what a test waits for: as long as any machine needs, and less than a test may. */
const deadlineMs = 20_000;

export interface OpenBrowser {
  /** Opens a page in a new context, and waits until it is loaded. */
  page(url: string, options?: PageOptions): Promise<Page>;
  /** What went wrong in the pages since the last time; a test that provokes it takes it. */
  takeFaults(): readonly string[];
  /** @throws with what went wrong in the pages and was not taken */
  close(): Promise<void>;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
}

/** @throws when there is no browser, or it does not start */
export async function openBrowser(): Promise<OpenBrowser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(chromiumHint);
  const browser = await chromium.launch({ executablePath, args: flags });
  let faults: string[] = [];
  const complain = (fault: string) => void faults.push(fault);

  const takeFaults = () => {
    const taken = faults;
    faults = [];
    return taken;
  };

  return {
    async page(url, { width = 1200, height = 760 } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: 'light' });
      context.setDefaultTimeout(deadlineMs);
      const page = await context.newPage();
      watch(context, page, complain);
      await page.goto(url);
      return page;
    },
    takeFaults,
    async close() {
      await browser.close();
      const wrong = takeFaults();
      if (wrong.length > 0) throw new Error(`Chromium met with:\n${wrong.join('\n')}`);
    },
  };
}

function watch(context: BrowserContext, page: Page, complain: (fault: string) => void): void {
  page.on('console', (message) => {
    if (message.type() === 'error') complain(`console: ${message.text()} (${message.location().url})`);
  });
  // Exceptions, and rejections that nobody handled.
  context.on('weberror', (fault) => complain(`uncaught: ${describe(fault.error())}`));
  page.on('crash', () => complain('the page crashed'));
  context.on('request', (request) => checkHost(request.url(), complain));
  page.on('websocket', (socket) => checkHost(socket.url(), complain));
}

/** What has no host asks nobody: `data:` and `blob:`. */
function checkHost(url: string, complain: (fault: string) => void): void {
  const { hostname, protocol } = new URL(url);
  const isLocal = hostname === '127.0.0.1' || ['data:', 'blob:'].includes(protocol);
  if (!isLocal) complain(`another host was asked: ${url}`);
}

/** Pages throw and reject with anything. */
function describe(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : JSON.stringify(fault);
}
