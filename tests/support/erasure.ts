import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from './api.js';
import type { Api } from './api.js';
import { recalld } from './cli.js';
import { startReceiver } from './receiver.js';
import type { Receiver } from './receiver.js';
import { credentials } from './server.js';
import type { RunningServer } from './server.js';
import { makeGroup, toGroup } from './takenBack.js';
import { formsIn, tracesIn } from './traces.js';

/** Is in everything that is recalled, and in requests that are refused. */
export const gone = 'canary-4711-bird';
/** Is in a message that stays, and in the words of each recall. */
const kept = 'canary-0815-fish';

/** A running server that says all it can, in an environment of its own. */
interface ErasureServer {
  readonly server: RunningServer;
  /** What its commands are started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Of all that it stores in, and of all that these log into. */
  readonly folders: readonly string[];
  /** What is in memory of the storage alone is in its files after it. */
  flush(): Promise<void>;
  /** Ends it, and what it stores with it. */
  close(): Promise<void>;
}

interface ErasureEnvironment {
  readonly name: string;
  /** Whether content is in no file at any time; else it is there until it is recalled. */
  readonly sealed: boolean;
  start(): Promise<ErasureServer>;
}

const dialects = ['easemob', 'tencent', 'native'] as const;

/** A message that was sent, and to whom. */
interface Sent {
  readonly msgId: string;
  readonly to: string;
  readonly chatType: 'chat' | 'groupchat';
}

/** What recalled means, for whoever searches the files, the same in every environment. */
export function describeErasure({ name, sealed, start }: ErasureEnvironment): void {
  describe(`recalled means gone, on ${name}`, () => {
    let running: ErasureServer;
    let receivers: readonly Receiver[];
    let api: Api;
    let sent: readonly Sent[];
    let fileUrl: string;
    let said = '';

    beforeAll(async () => {
      running = await start();
      receivers = await Promise.all(dialects.map(() => startReceiver({ echo: true })));
      api = await createApi(running.server.url);
      for (const [at, dialect] of dialects.entries()) {
        const chat_types = ['chat', 'groupchat'];
        const rule = { name: dialect, url: receivers[at]?.url, dialect, chat_types, enabled: true };
        expect((await api.admin('POST', '/callback-rules', rule)).status).toBe(201);
      }
    });

    afterAll(async () => {
      await running.close();
      await Promise.all(receivers.map((receiver) => receiver.close()));
    });

    const traces = async (text: string) => {
      await running.flush();
      return tracesIn(running.folders, text);
    };
    /** What the process and its commands have printed. */
    const printed = (text: string) => formsIn(Buffer.from(said + running.server.output()), text);

    it(`given content of every kind, then ${sealed ? 'no file anywhere has a byte of it' : 'a search finds it'}, and no log does`, async () => {
      const { url } = await api.upload(fileOf(gone));
      fileUrl = url;
      sent = await sendEverything(api, url);
      await api.sendText('u1', 'u3', `${kept} stays`);
      expect(await history(api, 'u2')).toContain(gone);
      expect(await (await fetch(fileUrl)).text()).toContain(gone);

      expect((await traces(gone)).length > 0).toBe(!sealed);
      expect((await traces(kept)).length > 0).toBe(!sealed);
      expect(printed(gone)).toEqual([]);
    });

    it('given that all of it is recalled, and its receivers answer with what they got, then nothing has a byte of it after seconds', async () => {
      for (const { msgId, to, chatType } of sent) {
        const words = { chat_type: chatType, recallMessageExtensionInfo: `${kept} is why` };
        expect((await api.recall(msgId, to, words)).status).toBe(200);
      }
      for (const receiver of receivers) {
        await receiver.until((received) => received.length >= sent.length);
      }
      const echoes = await answersKept(api);
      const calledBack = receivers.flatMap(({ received }) => received.map(({ text }) => text));
      expect(echoes.length).toBeGreaterThan(0);
      expect(echoes.filter((echo) => !calledBack.some((text) => text.startsWith(echo)))).toEqual([]);

      await expect.poll(() => traces(gone), { timeout: 20_000, interval: 200 }).toEqual([]);
      expect(printed(gone)).toEqual([]);
      expect(await history(api, 'u2')).toBe('');
      expect((await fetch(fileUrl)).status).toBe(404);
      expect(await history(api, 'u3')).toContain(kept);
    });

    it('given a check of the whole store, and read models that are made anew, then nothing of it has come back', async () => {
      const env = {
        ...running.env,
        PORT: new URL(running.server.url).port,
        RECALLD_ROOT_TOKEN: credentials.rootToken,
      };
      for (const command of [
        ['verify', '--json'],
        ['rebuild', '--wait'],
      ]) {
        const { code, out, err } = await recalld(command, env);
        expect({ command, code, out: code === 0 ? '' : out }).toEqual({ command, code: 0, out: '' });
        said += out + err;
      }

      expect(await traces(gone)).toEqual([]);
      expect(printed(gone)).toEqual([]);
      expect((await traces(kept)).length > 0).toBe(!sealed);
      expect(printed(kept)).toEqual([]);
    });

    it('given refused and broken requests, then no file and no log quotes them', async () => {
      const headers = { authorization: `Bearer ${api.appToken}`, 'content-type': 'application/json' };
      const bodies = [
        `{"from": "${gone}`,
        JSON.stringify({ from: 'u1', to: ['u2'], type: gone, body: { msg: gone } }),
        JSON.stringify({ from: 'u1', to: ['u2'], type: 'txt', body: { msg: gone.repeat(1_000) } }),
        JSON.stringify({ from: 'u1', to: ['u2'], type: 'txt', body: { msg: gone }, ext: gone }),
      ];
      for (const body of bodies) {
        const answer = await fetch(`${api.appUrl}/messages/users`, { method: 'POST', headers, body });
        expect(answer.status).toBe(400);
        expect(await answer.text()).not.toContain(gone);
      }

      expect(await traces(gone)).toEqual([]);
      expect(printed(gone)).toEqual([]);
      expect(running.server.output()).not.toContain(api.appToken);
    });
  });
}

function fileOf(text: string): FormData {
  const form = new FormData();
  form.append('file', new Blob([text.repeat(20_000)], { type: 'image/png' }), `${text}.png`);
  return form;
}

const receiversAtOnce = 25;

/** Messages in one call, together more than a database with little memory keeps there. */
export async function sendToMany(api: Api): Promise<readonly Sent[]> {
  const to = Array.from({ length: receiversAtOnce }, (_, n) => `many-${n}`);
  return send(api, to, textOf(4_000));
}

async function send(api: Api, to: readonly string[], message: object): Promise<readonly Sent[]> {
  const { body, status, text } = await api.app('POST', '/messages/users', { from: 'u1', to, ...message });
  if (status !== 200) throw new Error(text);
  const msgIds = Object.entries(body['data'] as Record<string, string>);
  return msgIds.map(([receiver, msgId]) => ({ msgId, to: receiver, chatType: 'chat' }));
}

function textOf(size: number): object {
  return { type: 'txt', body: { msg: `${gone} ${'x'.repeat(size)} ${gone}` } };
}

/** Messages of every kind, and of many sizes. */
async function sendEverything(api: Api, url: string): Promise<readonly Sent[]> {
  const groupId = await makeGroup(api);
  const toUser = (message: object) => send(api, ['u2'], message);
  const sent: (readonly Sent[])[] = [];
  for (let size = 0; size <= 4_000; size += 200) sent.push(await toUser(textOf(size)));
  for (let times = 0; times < 4; times += 1) sent.push(await sendToMany(api));
  sent.push(await toUser({ type: 'txt', body: { msg: 'hello' }, ext: { note: gone, deep: [{ er: gone }] } }));
  sent.push(await toUser({ type: 'custom', body: { customEvent: gone, customExts: { gift: gone } } }));
  sent.push([{ msgId: await api.sendImage({ filename: `${gone}.png`, url }), to: 'u2', chatType: 'chat' }]);
  const toAll = await toGroup(api, groupId, `${gone} to all`);
  return [...sent.flat(), { msgId: toAll, to: groupId, chatType: 'groupchat' }];
}

/** What a user reads of the messages from u1: each is base64. */
async function history(api: Api, user: string): Promise<string> {
  const messages = (await api.roaming(user, 'u1@easemob.com')) as readonly { readonly msg: string }[];
  return messages.map(({ msg }) => Buffer.from(msg, 'base64').toString()).join('\n');
}

/** The first bytes that were kept of some receivers' answers, once no callback is owed any more. */
async function answersKept(api: Api): Promise<readonly string[]> {
  await expect.poll(async () => (await deliveries(api, 'pending')).length, { timeout: 20_000 }).toBe(0);
  const details = (await deliveries(api, 'delivered')).map(({ id }) => api.admin('GET', `/deliveries/${id}`));
  return (await Promise.all(details)).flatMap(({ body }) => {
    const attempts = body['attempt_log'] as readonly { readonly answer_head: string }[];
    return attempts.map(({ answer_head }) => answer_head);
  });
}

async function deliveries(api: Api, status: string): Promise<readonly { readonly id: string }[]> {
  const list = await api.admin('GET', `/deliveries?status=${status}&limit=20`);
  return list.body['entities'] as readonly { readonly id: string }[];
}
