import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/machine.mjs';
import { childrenOf } from '../../scripts/lib/processTree.mjs';
import { createApi } from '../support/api.js';
import type { Api } from '../support/api.js';
import { browserAvailable, openBrowser } from '../support/browser.js';
import type { OpenBrowser } from '../support/browser.js';
import { paintPicture } from '../support/picture.js';
import { startServer, temporaryFolder } from '../support/server.js';
import type { RunningServer } from '../support/server.js';
import { connectedPanes, paneOf, spawnWebChat, startWebChat } from '../support/webChat.js';
import type { WebChat } from '../support/webChat.js';

/** What `npm run chat` starts when everything is set up. */
const npmRunChat = fileURLToPath(new URL('../../demo/chat.mjs', import.meta.url));
const screenshot = fileURLToPath(new URL('../../docs/images/web-chat.png', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let api: Api;
let chat: WebChat;

beforeAll(async () => {
  folder = await temporaryFolder();
  // A page that tries to reach a dead server must not be given its port.
  server = await startServer(folder.dir, { PORT: String(await freePort()) });
  api = await createApi(server.url);
  chat = await startWebChat(server.url);
});

afterAll(async () => {
  await chat.stop();
  await server.stop();
  await folder.remove();
});

/** Of an image element, when its bytes have come. */
const sizeOf = ({ naturalWidth, naturalHeight }: { naturalWidth: number; naturalHeight: number }) => [
  naturalWidth,
  naturalHeight,
];
const tookBack = expect.stringMatching(/took back a message$/) as string;

/** Waits for what takes its time somewhere else. */
const eventually = <Value>(value: () => Promise<Value>) => expect.poll(value, { timeout: 20_000 });

describe.skipIf(!browserAvailable())('the chat page', () => {
  let browser: OpenBrowser;

  beforeEach(async () => {
    browser = await openBrowser();
    await api.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 120 });
    // The users are the page's own: what another test made them say is of no interest.
    for (const [user, channel] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      await api.app('DELETE', `/users/${user}/user_channel`, { channel, type: 'chat', delete_roam: true });
    }
  });
  afterEach(() => browser.close());

  /** Both panes, connected. */
  async function open() {
    const page = await browser.page(chat.url);
    return { page, ...(await connectedPanes(page)) };
  }

  /** Alice's second device, connected. */
  async function addPhone(page: Awaited<ReturnType<OpenBrowser['page']>>) {
    await page.getByRole('button', { name: 'Add Alice’s phone' }).click();
    const phone = paneOf(page, 'alice-phone');
    await phone.untilState('online');
    return phone;
  }

  it('given two users, when they write, then each reads the other, and knows that it was read', async () => {
    const { alice, bob } = await open();
    await bob.hint.getByText('Say hello to Alice').waitFor();

    await alice.say('Are you there?');
    await bob.bubble('Are you there?').waitFor();
    expect(await bob.unread.innerText()).toBe('1 new');
    expect(await bob.hint.isVisible()).toBe(false);
    await bob.say('在，怎么了？<b>');

    await alice.bubble('在，怎么了？<b>').waitFor();
    await alice.bubble('Are you there?').getByText('Read').waitFor();
    expect(await bob.unread.innerText()).toBe('');
    expect(await alice.shown()).toEqual(await bob.shown());
  });

  it('given a message, when it is taken back by its button, then a line is left in both panes, and nothing after a reload', async () => {
    const { page, alice, bob } = await open();
    await bob.say('keep this');
    await alice.say('a secret');
    await bob.bubble('a secret').waitFor();

    await alice.recallButton('a secret').press('Enter');

    await eventually(alice.shown).toEqual(['keep this', 'You took back a message']);
    await eventually(bob.shown).toEqual(['keep this', 'Alice took back a message']);
    await eventually(() => bob.unread.innerText()).toBe('');
    expect(await bob.recallButton('keep this').count()).toBe(1);
    expect(await alice.recallButton('keep this').count()).toBe(0);
    await page.reload();
    await connectedPanes(page);
    await eventually(alice.shown).toEqual(['keep this']);
    await eventually(bob.shown).toEqual(['keep this']);
  });

  it('given a second device of the sender, then what one says and takes back is so on the other', async () => {
    const { page, alice, bob } = await open();
    await alice.say('from the laptop');
    const phone = await addPhone(page);
    await phone.bubble('from the laptop').waitFor();
    await phone.say('from the phone');
    await alice.bubble('from the phone').waitFor();
    await bob.bubble('from the phone').waitFor();

    await phone.recallButton('from the laptop').click();
    await alice.recallButton('from the phone').click();

    for (const pane of [alice, phone]) {
      await eventually(pane.shown).toEqual(['You took back a message', 'You took back a message']);
    }
    await eventually(bob.shown).toEqual(['Alice took back a message', 'Alice took back a message']);
    await page.getByRole('button', { name: 'Log Alice’s phone out' }).click();
    await alice.say('the laptop stays');
  });

  it('given a message past the window, when it is taken back, then the page says that it is too late', async () => {
    const { alice, bob } = await open();
    await alice.say('an old one');
    await api.admin('PUT', '/recall-policy', { enabled: true, window_seconds: 1 });
    await pause(1_100);

    await alice.recallButton('an old one').click();

    await alice.notice.getByText('Too late').waitFor();
    expect(await alice.shown()).toEqual(['an old one']);
    expect(await bob.shown()).toEqual(['an old one']);
  });

  it('given an app that takes nothing back, then the page says so', async () => {
    const { alice } = await open();
    await alice.say('for ever');
    await api.admin('PUT', '/recall-policy', { enabled: false, window_seconds: 120 });

    await alice.recallButton('for ever').click();

    await alice.notice.getByText('switched off').waitFor();
    expect(await alice.shown()).toEqual(['for ever']);
  });

  it('given a picture, then the other one sees it, and when it is taken back its file is gone', async () => {
    const { page, alice, bob } = await open();
    await alice.sendPicture({ name: 'hills.png', mimeType: 'image/png', buffer: await paintPicture(page) });
    await bob.picture.waitFor();
    await eventually(() => bob.picture.evaluate(sizeOf)).toEqual([360, 220]);
    const url = (await bob.picture.getAttribute('src')) ?? '';
    expect((await fetch(url)).status).toBe(200);

    await alice.recallButton('').click();

    await eventually(alice.shown).toEqual(['You took back a message']);
    await eventually(bob.shown).toEqual(['Alice took back a message']);
    expect((await fetch(url)).status).toBe(404);
  });

  it('given what is no picture, then the page says so and sends nothing', async () => {
    const { alice } = await open();
    await alice.sendPicture({ name: 'hills.png', mimeType: 'image/png', buffer: Buffer.from('hills') });

    await alice.notice.getByText('That is no picture.').waitFor();
    expect(await alice.shown()).toEqual([]);
  });

  it('given a conversation, when one side deletes it, then it is gone on its devices and the other side keeps it', async () => {
    const { page, alice, bob } = await open();
    await bob.say('remember this');
    const phone = await addPhone(page);
    await phone.bubble('remember this').waitFor();

    await alice.deleteConversation(/Keep it/);
    expect(await alice.shown()).toEqual(['remember this']);
    await alice.deleteConversation(/Delete for Alice/);

    await eventually(alice.shown).toEqual([]);
    await eventually(phone.shown).toEqual([]);
    expect(await bob.shown()).toEqual(['remember this']);
    await page.reload();
    await connectedPanes(page);
    await eventually(bob.shown).toEqual(['remember this']);
    expect(await alice.shown()).toEqual([]);
  });

  it('given a page whose server is killed and started again, then it goes on by itself', async () => {
    const { alice, bob } = await open();
    await alice.say('before');
    await bob.bubble('before').waitFor();

    await server.stop('SIGKILL');
    await Promise.all([alice.untilState('reconnecting'), bob.untilState('reconnecting')]);
    await alice.field.fill('meanwhile');
    await alice.field.press('Enter');
    await alice.notice.getByText('Not connected').waitFor();
    expect(await alice.field.inputValue()).toBe('meanwhile');
    server = await startServer(folder.dir, { PORT: new URL(server.url).port });
    api = await createApi(server.url);
    await Promise.all([alice.untilState('online'), bob.untilState('online')]);

    await alice.field.press('Enter');
    await bob.bubble('meanwhile').waitFor();
    await bob.say('after');
    await alice.bubble('after').waitFor();
    await alice.recallButton('before').click();
    await eventually(alice.shown).toEqual(['You took back a message', 'meanwhile', 'after']);
    await eventually(bob.shown).toEqual(['Alice took back a message', 'meanwhile', 'after']);
    const strange = browser.takeFaults().filter((fault) => !/ERR_CONNECTION_|reconnect/.test(fault));
    expect(strange).toEqual([]);
  });

  it('given a page that is opened without a server, then it says so in one line, and connects when it is told to', async () => {
    await server.stop('SIGKILL');
    const page = await browser.page(chat.url);
    const alice = paneOf(page, 'alice-laptop');
    await alice.untilState('offline');
    expect(await alice.notice.locator('span').innerText()).toBe(
      `recalld does not answer at ${server.url}: is it running?`,
    );

    server = await startServer(folder.dir, { PORT: new URL(server.url).port });
    api = await createApi(server.url);
    await alice.connectAgain.click();

    await alice.untilState('online');
    await alice.say('now it is');
    const strange = browser.takeFaults().filter((fault) => !fault.includes('status of 503'));
    expect(strange).toEqual([]);
  });

  it('given the same device on another page, then the first page says so, and comes back when it is told to', async () => {
    const first = await open();
    const second = await open();

    await first.alice.notice.getByText('logged in on another page').waitFor();
    await first.alice.connectAgain.click();

    await first.alice.untilState('online');
    await second.alice.notice.getByText('logged in on another page').waitFor();
    await first.alice.say('back again');
  });

  it.each([
    { width: 390, devices: 2 },
    { width: 1280, devices: 3 },
  ])(
    'given $devices devices at a width of $width, then a pane’s header keeps its parts apart',
    async (given) => {
      const page = await browser.page(chat.url, { width: given.width });
      const { alice, bob } = await connectedPanes(page);
      if (given.devices === 3) await addPhone(page);
      await alice.say('look');
      await bob.unread.getByText('1 new').waitFor();

      const parts = await Promise.all(
        [bob.unread, bob.state, bob.deleteButton].map((part) => part.boundingBox()),
      );

      const [unread, state, deletion] = parts;
      if (!unread || !state || !deletion) throw new Error('a part is not shown');
      expect(unread.y + unread.height).toBeLessThanOrEqual(state.y);
      expect(Math.max(unread.x + unread.width, state.x + state.width)).toBeLessThanOrEqual(deletion.x);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(given.width);
    },
  );

  it('looks as it is shown in the README', async () => {
    const { page, alice, bob } = await open();
    const phone = await addPhone(page);
    await alice.say('Are we still on for Saturday?');
    await bob.say('Yes! This is the place:');
    await bob.sendPicture({ name: 'hills.png', mimeType: 'image/png', buffer: await paintPicture(page) });
    await Promise.all([alice.picture.waitFor(), phone.picture.waitFor()]);
    await alice.say('Bob has no idea, a surprise!');
    await bob.bubble('surprise').waitFor();
    await alice.recallButton('surprise').click();
    await Promise.all([alice, bob, phone].map((pane) => eventually(pane.shown).toContainEqual(tookBack)));
    await alice.say('Lovely! See you then.');
    await bob.say('See you!');
    await phone.bubble('See you!').waitFor();
    await phone.field.focus();
    await bob.bubble('See you!').getByText('Read').waitFor();
    await phone.field.blur();

    const picture = path.join(folder.dir, 'web-chat.png');
    await page.screenshot({ path: picture, animations: 'disabled' });

    const bytes = await readFile(picture);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1200, 760]);
    expect(bytes.length).toBeGreaterThan(20_000);
    expect(bytes.length).toBeLessThan(200_000);
    if (process.env['UPDATE_SCREENSHOTS'] === undefined) return;
    await mkdir(path.dirname(screenshot), { recursive: true });
    await writeFile(screenshot, bytes);
  });
});

describe('the chat page’s program', () => {
  /** What it says when it ends by itself. */
  async function complaint(env: Readonly<Record<string, string>>) {
    const child = spawnWebChat(env);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, said };
  }

  /** @param host by which name it is asked */
  async function ask(pathAndQuery: string, host = '127.0.0.1') {
    const asked = request(`${chat.url}${pathAndQuery}`, { headers: { host } }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode, text: Buffer.concat(chunks).toString() };
  }

  it('given no server, or wrong credentials, or none, then it ends with one plain line', async () => {
    expect(await complaint({ RECALLD_URL: 'http://127.0.0.1:9' })).toEqual({
      code: 1,
      said: 'recalld does not answer at http://127.0.0.1:9: is it running?\n',
    });
    const wrong = await complaint({ RECALLD_URL: server.url, RECALLD_CLIENT_SECRET: 'wrong-secret' });
    expect(wrong.code).toBe(1);
    expect(wrong.said).toMatch(/^recalld at http:\S+ gives no token \(\d+\): .+\n$/);
    expect(wrong.said).not.toContain('wrong-secret');
    const none = await complaint({ RECALLD_CLIENT_ID: '' });
    expect(none).toEqual({ code: 1, said: expect.stringMatching(/^RECALLD_CLIENT_ID .+\n$/) as string });
  });

  it('gives a page its users’ tokens, and neither the app’s token nor its secret', async () => {
    const { status, text } = await ask('/session?user=alice');

    const session = JSON.parse(text) as Record<string, string>;
    expect(status).toBe(200);
    expect(Object.keys(session)).toEqual(['appKey', 'apiUrl', 'url', 'user', 'token']);
    const asUser = await fetch(`${api.appUrl}/users/bob/user_channels`, {
      headers: { authorization: `Bearer ${session['token']}` },
    });
    expect(asUser.status).toBe(401);
    expect((await ask('/session?user=carol')).status).toBe(404);
  });

  it('comes with a server of its own for who has none, and leaves nothing behind', async () => {
    const own = await temporaryFolder();
    const env = { PATH: process.env['PATH'], TMPDIR: own.dir };
    const child = spawn(process.execPath, [npmRunChat, '0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually(async () => said).toMatch(/the chat page is at \S+\n/);

    const [, url = ''] = /page is at (\S+)/.exec(said) ?? [];
    const session = (await (await fetch(`${url}/session?user=bob`)).json()) as Record<string, string>;
    expect(said).toContain(`recalld was started on ${session['apiUrl']}`);
    child.kill();
    await once(child, 'exit');
    expect(await readdir(own.dir)).toEqual([]);
    await own.remove();
  });

  it('given a server of its own that is killed, then it says so in one line and ends with 1', async () => {
    const own = await temporaryFolder();
    const env = { PATH: process.env['PATH'], TMPDIR: own.dir };
    const child = spawn(process.execPath, [npmRunChat, '0'], { env, stdio: 'pipe' });
    let [said, complained] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()));
    await eventually(async () => said).toMatch(/the chat page is at \S+\n/);
    // It is there before the page's program is.
    const [ownServer = 0] = childrenOf(child.pid ?? 0);

    process.kill(ownServer, 'SIGKILL');

    expect(await once(child, 'close')).toEqual([1, null]);
    expect(complained).toMatch(/^recalld on http:\S+ was killed: the chat page ends with it\.\n$/);
    expect(await readdir(own.dir)).toEqual([]);
    await own.remove();
  });

  it('answers nobody by another name, and gives nothing away but the page', async () => {
    expect((await ask('/session?user=alice', 'example.com')).status).toBe(403);
    for (const elsewhere of ['/serve.mjs', '/..%2fserve.mjs', '/%2e%2e/serve.mjs', '//x', '/public']) {
      expect((await ask(elsewhere)).status).toBe(404);
    }
  });
});
