import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createApi } from '../support/api.js';
import { recalld } from '../support/cli.js';
import { makeGroup, recallByRest, sendByRest } from '../support/sdk/chats.js';
import { sdkNames } from '../support/sdk/bundle.js';
import { openSdk } from '../support/sdk/sdk.js';
import type { OpenSdk } from '../support/sdk/sdk.js';
import { Talker } from '../support/sdk/talker.js';
import type { Acknowledged, Chat } from '../support/sdk/talker.js';
import { missing, shownIn, wholeHistory } from '../support/sdk/talkerBooks.js';
import { newUser, password } from '../support/sdk/users.js';
import { startServer, temporaryFolder } from '../support/server.js';
import type { RunningServer } from '../support/server.js';
import { openTcpProxy } from '../support/tcpProxy.js';
import type { TcpProxy } from '../support/tcpProxy.js';

/** Of each device; `npm run torture` lets them say more. */
const messagesEach = Number(process.env['TORTURE_MESSAGES'] ?? '40');
/** A message takes a second where every other moment is a trouble; the rest is for the books. */
const testMs = 120_000 + messagesEach * 3_000;
/** So many acknowledged messages from one trouble to the next. */
const messagesBetween = 25;
/** Ms between two messages of a device at most. */
const pace = { gapMs: 150, oneRecalledOf: 4 };
const usersCount = 4;
const stallMs = 1_000;
const backendGapMs = 300;

/** Devices, and where each of them talks. */
type Talkers = ReadonlyMap<Talker, readonly Chat[]>;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
let sdks: readonly OpenSdk[];
let proxies: TcpProxy[];

beforeAll(async () => {
  folder = await temporaryFolder();
});
beforeEach(async () => {
  server = await startServer(folder.dir);
  sdks = sdkNames.map((name) => openSdk(name, server.url));
  proxies = [];
});
afterEach(async () => {
  for (const proxy of proxies) await proxy.close();
  await server.stop('SIGKILL');
});
afterAll(() => folder.remove());

/** Four users, each with a device of each SDK, which has a way of its own to the server; they share a group. */
async function gather(): Promise<Talkers> {
  const api = await createApi(server.url);
  const users: string[] = [];
  for (let n = 0; n < usersCount; n += 1) users.push(await newUser(api, 'user'));
  const group: Chat = { id: await makeGroup(api, users[0] ?? '', users.slice(1)), chatType: 'groupChat' };
  const talkers = new Map<Talker, readonly Chat[]>();
  for (const user of users) {
    const peers = users.filter((other) => other !== user);
    const chats = [group, ...peers.map((id) => ({ id, chatType: 'singleChat' }) as const)];
    for (const sdk of sdks) {
      const proxy = await openTcpProxy(server.url);
      proxies.push(proxy);
      const way = { url: `${proxy.url.replace('http', 'ws')}/websocket`, apiUrl: proxy.url };
      // However long the server is away, its devices come back.
      const options = { ...way, autoReconnectNumMax: 1_000 };
      const client = await sdk.connect({ user, pwd: password }, { device: sdk.name, options });
      talkers.set(new Talker(client, `${user} with ${sdk.name}`), chats);
    }
  }
  return talkers;
}

/** What happens to a server and to the ways that lead to it, in turn. */
const troubles: readonly (() => Promise<void> | void)[] = [
  () => proxies.forEach((proxy) => proxy.cut()),
  () => restart('SIGKILL'),
  () => halfCut('server', 0),
  () => restart('SIGTERM'),
  () => halfCut('client', 1),
  () => halves(0).forEach((proxy) => proxy.cut()),
  () => restart('SIGKILL'),
  () => halfCut('client', 0),
  () => restart('SIGTERM'),
  () => halfCut('server', 1),
];

async function restart(signal: NodeJS.Signals): Promise<void> {
  const code = await server.stop(signal);
  expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
  server = await startServer(folder.dir);
  for (const proxy of proxies) proxy.leadTo(server.url);
}

/** Half of the devices hear nothing for a while, or are not heard; then one half of these is cut off. */
async function halfCut(end: 'server' | 'client', half: 0 | 1): Promise<void> {
  const stalled = halves(half);
  for (const proxy of stalled) proxy.stall(end);
  await pause(stallMs);
  stalled.forEach((proxy, index) => (index % 2 === 0 ? proxy.cut() : proxy.flow()));
}

/**
 * What the app's backend says in a user's name, whose devices are shown it too; every other one is
 * taken back. A call that was cut off is none.
 */
async function sayByRest(from: string, chat: Chat, n: number): Promise<readonly Acknowledged[]> {
  const message = { from, to: chat.id, type: 'txt', body: { msg: `backend ${n}` }, sync_device: true };
  try {
    const msgId = await sendByRest(await createApi(server.url), message);
    return [{ msgId, by: undefined, from, chat, isRecalled: n % 2 === 0 && (await takeBack(msgId, chat)) }];
  } catch {
    return [];
  }
}

/** However often the server has to be asked. */
async function takeBack(msgId: string, { id }: Chat): Promise<true> {
  for (;;) {
    try {
      await recallByRest(await createApi(server.url), msgId, id);
      return true;
    } catch (fault) {
      // The answer to the recall before was lost.
      if (String(fault).includes('not_found msg')) return true;
      await pause(backendGapMs);
    }
  }
}

const halves = (half: 0 | 1) => proxies.filter((_, index) => index % 2 === half);

/** All devices talk, and so does the app's backend, while one trouble follows the other. */
async function talkThroughTroubles(talkers: Talkers): Promise<readonly Acknowledged[]> {
  const all: Acknowledged[] = [];
  let isOver = false;
  const talks = [...talkers].map(([talker, chats]) =>
    talker.talk(messagesEach, chats, pace, (said) => void all.push(said)),
  );
  const over = Promise.all(talks).finally(() => (isOver = true));

  async function backend(): Promise<void> {
    const users = [...new Set([...talkers.keys()].map(({ client }) => client.user))];
    for (let n = 0; !isOver; n += 1) {
      const [from = '', id = ''] = [users[n % users.length], users[(n + 1) % users.length]];
      all.push(...(await sayByRest(from, { id, chatType: 'singleChat' }, n)));
      await pause(backendGapMs);
    }
  }
  async function trouble(): Promise<void> {
    const said = () => all.filter(({ by }) => by !== undefined).length;
    for (let turn = 0; !isOver; turn += 1) {
      while (!isOver && said() < (turn + 1) * messagesBetween) await pause(10);
      if (!isOver) await troubles[turn % troubles.length]?.();
    }
  }
  await Promise.all([over, backend(), trouble()]);
  return all;
}

/** Whether a device was shown what is in the histories of its chats, in their order, and everything once. */
async function expectBooksBalance(
  talker: Talker,
  chats: readonly Chat[],
  all: readonly Acknowledged[],
): Promise<void> {
  const ids = (some: readonly Acknowledged[]) => new Set(some.map(({ msgId }) => msgId));
  const recalled = ids(all.filter(({ isRecalled }) => isRecalled));
  const own = ids(all.filter(({ by }) => by === talker));
  const told = talker.recalls.map(({ mid }) => mid);
  expect(new Set(told).size, `${talker.name}: each recall once`).toBe(told.length);
  for (const chat of chats) {
    const shown = shownIn(talker, chat);
    expect(new Set(shown).size, `${talker.name}: each message once`).toBe(shown.length);
    const kept = (await wholeHistory(talker, chat)).map(({ id }) => id as string);
    expect(kept.filter((id) => recalled.has(id))).toEqual([]);
    expect(shown.filter((id) => !recalled.has(id))).toEqual(kept.filter((id) => !own.has(id)));
  }
}

it(
  'cut off, half cut off, and with a server that is stopped and killed, devices miss nothing and see nothing twice',
  { timeout: testMs },
  async () => {
    const talkers = await gather();

    const all = await talkThroughTroubles(talkers);

    await vi.waitFor(
      () => {
        for (const [talker, chats] of talkers) {
          talker.listen();
          const nothing = { messages: [], recalls: [] };
          expect([talker.name, missing(talker, chats, all)]).toEqual([talker.name, nothing]);
        }
      },
      { timeout: 40_000, interval: 100 },
    );
    for (const [talker, chats] of talkers) await expectBooksBalance(talker, chats, all);
    for (const sdk of sdks) {
      // That their sockets were lost. What they throw is still a fault.
      sdk.takeConsoleErrors();
      await sdk.close();
    }
    expect(await server.stop()).toBe(0);
    expect(await recalld(['verify'], { RECALLD_DATA_DIR: folder.dir })).toMatchObject({ code: 0 });
  },
);
