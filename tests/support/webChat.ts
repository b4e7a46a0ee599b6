import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { credentials } from './server.js';

const program = fileURLToPath(new URL('../../examples/web-chat/serve.mjs', import.meta.url));

export interface WebChat {
  /** Of the page. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the chat page's program for a running server, on a free port. */
export async function startWebChat(serverUrl: string): Promise<WebChat> {
  const child = spawnWebChat({ RECALLD_URL: serverUrl });
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      printed += chunk.toString();
      const [found] = /http:\/\/127\.0\.0\.1:\d+$/m.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.once('exit', () => reject(new Error(`the chat page ended: ${printed}`)));
  });
  return {
    url,
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** The program, with the tests' credentials unless `env` says otherwise. */
export function spawnWebChat(env: Readonly<Record<string, string>>): ChildProcess {
  const { org, app, clientId, clientSecret } = credentials;
  const settings = {
    RECALLD_APP: `${org}#${app}`,
    RECALLD_CLIENT_ID: clientId,
    RECALLD_CLIENT_SECRET: clientSecret,
  };
  return spawn(process.execPath, [program, '0'], { env: { ...settings, ...env }, stdio: 'pipe' });
}

export type PaneName = 'alice-laptop' | 'bob-laptop' | 'alice-phone';

export type Pane = ReturnType<typeof paneOf>;

/** One pane of the page: what a person does in it and sees. */
export function paneOf(page: Page, name: PaneName) {
  const pane = page.locator(`#${name}`);
  const field = pane.getByRole('textbox');
  const bubble = (text: string): Locator => pane.locator('.message', { hasText: text });
  return {
    field,
    /** A message that is shown. */
    bubble,
    picture: pane.getByRole('img', { name: /^Picture from/ }),
    /** What the pane says under its messages; one that says nothing is not there. */
    notice: pane.getByRole('alert'),
    /** What a pane says that has no messages. */
    hint: pane.locator('.hint'),
    connectAgain: pane.getByRole('button', { name: 'Connect again' }),
    unread: pane.locator('.unread'),
    state: pane.locator('.state'),
    deleteButton: pane.getByRole('button', { name: 'Delete conversation' }),
    async untilState(state: 'online' | 'reconnecting' | 'offline') {
      await page.waitForSelector(`#${name}[data-state=${state}]`);
    },
    /** Says something, and waits until the server has it. */
    async say(text: string) {
      await field.fill(text);
      await field.press('Enter');
      await bubble(text)
        .locator('.progress', { hasText: /Sent|Delivered|Read/ })
        .waitFor();
    },
    recallButton: (text: string) => bubble(text).getByRole('button', { name: 'Recall' }),
    sendPicture: (picture: { name: string; mimeType: string; buffer: Buffer }) =>
      pane.getByLabel('Send a picture').setInputFiles(picture),
    /** All that is shown in the list: texts of messages, lines of those that were taken back. */
    shown: () => pane.locator('.bubble, .recalled').allInnerTexts(),
    async deleteConversation(choice: RegExp) {
      await this.deleteButton.click();
      await pane.getByRole('dialog').getByRole('button', { name: choice }).click();
    },
  };
}

/** Opens both panes and waits until they are connected. */
export async function connectedPanes(page: Page): Promise<{ readonly alice: Pane; readonly bob: Pane }> {
  const [alice, bob] = [paneOf(page, 'alice-laptop'), paneOf(page, 'bob-laptop')];
  await Promise.all([alice.untilState('online'), bob.untilState('online')]);
  return { alice, bob };
}
