import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNatsServer, startNatsServer } from '../scripts/lib/natsServer.mjs';
import { createApi } from './support/api.js';
import type { Api } from './support/api.js';
import { recalld } from './support/cli.js';
import { filesWith } from './support/files.js';
import { startReceiver } from './support/receiver.js';
import { startServer, temporaryFolder } from './support/server.js';
import type { RunningServer } from './support/server.js';
import { converse, open, secret, takeBack, toGroup, tookAll } from './support/takenBack.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let running: RunningServer[];

beforeEach(async () => {
  folder = await temporaryFolder();
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((server) => server.stop('SIGKILL')));
  await folder.remove();
});

const at = (name: string) => path.join(folder.dir, name);

async function serve(dataDir: string, env: Readonly<Record<string, string>> = {}) {
  const server = await startServer(dataDir, env);
  running.push(server);
  return { server, api: await createApi(server.url) };
}

function backup(dataDir: string, target: string, ...more: readonly string[]) {
  return recalld(['backup', target, ...more], { RECALLD_DATA_DIR: dataDir });
}

/** Restores a backup into a data folder. */
function restore(dataDir: string, from: string, ...more: readonly string[]) {
  return recalld(['restore', from, ...more], { RECALLD_DATA_DIR: dataDir });
}

/** What is left of it all once everything that `takeBack` does has been done to it. */
async function expectTakenBack(dataDir: string, api: Api): Promise<void> {
  // A store that was stopped amid a purge goes on with it.
  await expect.poll(() => filesWith(dataDir, secret), { timeout: 8_000 }).toEqual([]);
  expect(await filesWith(dataDir, open)).not.toEqual([]);
  expect(await api.roaming('u2', 'u1@easemob.com')).toHaveLength(0);
  expect(await api.roaming('u3', 'u1@easemob.com')).toHaveLength(10);
  expect(await api.roaming('anna', 'ben@easemob.com')).toHaveLength(0);
  expect(await api.roaming('ben', 'anna@easemob.com')).toHaveLength(1);
  expect((await api.admin('GET', '/recall-policy')).body).toMatchObject({ window_seconds: 77 });
  expect(await recalld(['verify'], { RECALLD_DATA_DIR: dataDir })).toMatchObject({ code: 0 });
}

describe('recalld backup', { timeout: 60_000 }, () => {
  it('given traffic, then the copy is one moment of it, whole, and served elsewhere', async () => {
    const { server, api } = await serve(at('data'));
    const { fileUrl } = await converse(api);
    const early = await api.sendText('early', 'peer', 'recalled-before-the-backup');
    expect((await api.recall(early, 'peer')).status).toBe(200);
    let over = false;
    const sent: string[] = [];
    const traffic = (async () => {
      while (!over) sent.push(await api.sendText('u1', 'traffic', `number ${sent.length}`));
    })();
    const made = await backup(at('data'), at('backup'));
    over = true;
    await traffic;
    expect(made).toMatchObject({ code: 0, err: '' });
    await server.stop();

    expect(readdirSync(at('backup')).sort()).toEqual([
      'attachments',
      'manifest.json',
      'recalld.sqlite',
      'secret.key',
    ]);
    expect(statSync(at('backup')).mode & 0o777).toBe(0o700);
    expect(await filesWith(at('backup'), 'recalled-before-the-backup')).toEqual([]);
    expect(existsSync(at('backup.part'))).toBe(false);
    const again = await restore(at('elsewhere'), at('backup'), '--recalls-from', 'none');
    expect(again).toMatchObject({ code: 0, err: '' });

    const { api: restored, server: other } = await serve(at('elsewhere'));
    expect(await restored.roaming('u2', 'u1@easemob.com')).toHaveLength(12);
    expect((await fetch(fileUrl.replace(server.url, other.url))).status).toBe(200);
    // A token that was given before the backup is still good: the key came along.
    expect((await restored.app('GET', '/users/u2/user_channels', undefined, api.appToken)).status).toBe(200);
    // No gap: what came before one that is there is there too.
    const kept = await restored.roaming('traffic', 'u1@easemob.com');
    const next = await restored.sendText('u1', 'traffic', 'afterwards');
    expect(sent.slice(kept.length)).not.toContain(next);
  });

  it('given a folder that is there, or a database of PostgreSQL, then it says so', async () => {
    const { server } = await serve(at('data'));
    await server.stop();
    expect(await backup(at('data'), folder.dir)).toMatchObject({
      code: 78,
      err: expect.stringContaining('is there already'),
    });
    expect(await backup(at('nowhere'), at('backup'))).toMatchObject({ code: 78 });
    expect(existsSync(at('backup'))).toBe(false);
    const env = { RECALLD_DATABASE_URL: 'postgres://recalld@db/recalld' };
    expect(await recalld(['backup', at('backup')], env)).toMatchObject({
      code: 2,
      err: expect.stringContaining('docs/backup.md'),
    });
  });

  it('given --without-key, then the key is not in it', async () => {
    const { server } = await serve(at('data'));
    await server.stop();
    const key = readFileSync(path.join(at('data'), 'secret.key'), 'utf8').trim();
    expect(await backup(at('data'), at('backup'), '--without-key')).toMatchObject({ code: 0 });
    expect(await filesWith(at('backup'), key)).toEqual([]);
    expect(await restore(at('elsewhere'), at('backup'), '--recalls-from', 'none')).toMatchObject({
      err: expect.stringContaining('there is no secret.key'),
    });
  });

  it('given a kill -9 in its middle, then there is a whole backup or none, and the next one leaves nothing over', async () => {
    const { server, api } = await serve(at('data'));
    await converse(api);
    await server.stop();
    for (const moment of ['', 'recalld.sqlite', 'attachments', 'secret.key', 'manifest.json']) {
      const target = at(`killed-at-${moment}`);
      const killed = () => existsSync(path.join(`${target}.part`, moment));
      await recalld(['backup', target], { RECALLD_DATA_DIR: at('data') }, killed);
      if (!existsSync(target)) expect(await backup(at('data'), target)).toMatchObject({ code: 0 });
      expect(await restore(`${target}-restored`, target, '--recalls-from', 'none')).toMatchObject({
        code: 0,
      });
      expect(existsSync(`${target}.part`)).toBe(false);
    }
  });
});

describe('recalld restore', { timeout: 60_000 }, () => {
  /** A backup of a store, and the store, in which all was taken back since. */
  async function given(env: Readonly<Record<string, string>> = {}) {
    const { server, api } = await serve(at('data'), env);
    const conversations = await converse(api);
    expect(await backup(at('data'), at('backup'))).toMatchObject({ code: 0 });
    return { server, api, conversations };
  }

  it('given the replaced store, then what was recalled since the backup is in no file, and nothing is given out twice', async () => {
    const { server, api, conversations } = await given();
    await takeBack(api, conversations);
    const lastGroupMsg = await toGroup(api, conversations.groupId, 'the last one');
    const seqOf = async (of: Api, msgId: string) => {
      const trail = await of.admin('GET', `/messages/${msgId}/events`);
      const [sent] = trail.body['entities'] as { position: number; data: { message_seq?: number } }[];
      return sent;
    };
    const last = await seqOf(api, lastGroupMsg);
    expect(await filesWith(at('backup'), secret)).not.toEqual([]);
    expect(await restore(at('data'), at('backup'))).toMatchObject({
      code: 78,
      err: expect.stringContaining('in use'),
    });
    await server.stop();

    const restored = await restore(at('data'), at('backup'));
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(restored.out).toContain(`${tookAll} were taken from ${at('data')}`);
    expect(restored.out).toContain('the replaced store was removed');
    expect(await filesWith(at('data'), secret)).toEqual([]);
    expect(readdirSync(at('data')).sort()).toEqual([
      'attachments',
      'owner.lock',
      'recalld.sqlite',
      'secret.key',
    ]);

    const { api: again, server: next } = await serve(at('data'));
    await expectTakenBack(at('data'), again);
    const first = await seqOf(again, await toGroup(again, conversations.groupId, 'a new one'));
    expect(first?.position).toBeGreaterThan(last?.position ?? Infinity);
    expect((await again.recall(conversations.forced, 'u2', { force: true })).body).toMatchObject({
      error_description: 'not_found msg',
    });
    await next.stop();
  });

  it('given the same source a second time, then nothing changes', async () => {
    const { server, api, conversations } = await given();
    await takeBack(api, conversations);
    await server.stop();
    cpSync(at('data'), at('source'), { recursive: true });
    const twice = [1, 2].map(() => ['--recalls-from', at('source'), '--keep-replaced']);
    expect(await restore(at('data'), at('backup'), ...(twice[0] ?? []))).toMatchObject({ code: 0 });
    const kept = readdirSync(at('data')).filter((name) => name.startsWith('replaced-'));
    expect(kept).toHaveLength(1);
    expect(await filesWith(path.join(at('data'), kept[0] ?? ''), 'still-there')).not.toEqual([]);

    // The backup of what was restored has all of it already.
    expect(await backup(at('data'), at('second'))).toMatchObject({ code: 0 });
    const refused = await restore(at('third'), at('second'), '--recalls-from', at('source'));
    expect(refused).toMatchObject({
      code: 78,
      err: expect.stringContaining('is not the store that went on'),
    });
    const again = await restore(at('third'), at('second'), '--recalls-from', at('data'));
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toContain('0 recalls, 0 deletions of conversations and 0 recall policies');
  });

  it('given callbacks that were open in the backup and are over since, then they are not sent again', async () => {
    const receiver = await startReceiver();
    receiver.answer(503);
    const { server, api } = await serve(at('data'));
    const rule = { name: 'all', url: receiver.url, dialect: 'easemob', chat_types: ['chat'], enabled: true };
    expect((await api.admin('POST', '/callback-rules', rule)).status).toBe(201);
    const msgId = await api.sendText('u1', 'u2', 'hello');
    expect((await api.recall(msgId, 'u2')).status).toBe(200);
    await receiver.until((received) => received.length > 0);
    expect(await backup(at('data'), at('backup'))).toMatchObject({ code: 0 });
    receiver.answer(200);
    const delivered = async (of: Api) =>
      (await of.admin('GET', '/deliveries?status=delivered')).body['entities'];
    await expect.poll(() => delivered(api), { timeout: 15_000 }).toHaveLength(1);
    await server.stop();

    const restored = await restore(at('data'), at('backup'));
    expect(restored.out).toContain('1 callbacks that were open when the backup was made are over');
    const { api: again } = await serve(at('data'));
    expect(await delivered(again)).toHaveLength(1);
    expect((await again.admin('GET', '/deliveries?status=pending')).body['entities']).toEqual([]);
    await receiver.close();
  });

  it('given a damaged backup, or none, then the store stays as it is', async () => {
    const { server } = await given();
    await server.stop();
    const database = path.join(at('backup'), 'recalld.sqlite');
    const bytes = readFileSync(database);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(database, bytes);
    const before = readdirSync(at('data')).sort();
    expect(await restore(at('data'), at('backup'))).toMatchObject({
      code: 78,
      err: expect.stringContaining('damaged'),
    });
    expect(await restore(at('data'), folder.dir)).toMatchObject({
      code: 78,
      err: expect.stringContaining('no backup'),
    });
    expect(readdirSync(at('data')).sort()).toEqual(before);
    const { api } = await serve(at('data'));
    expect(await api.roaming('u3', 'u1@easemob.com')).toHaveLength(10);
  });

  it('given nobody who knows what was recalled since, then it is said, with code 3', async () => {
    const { server } = await given();
    await server.stop();
    const restored = await restore(at('elsewhere'), at('backup'));
    expect(restored).toMatchObject({ code: 3, err: expect.stringContaining('NOBODY WAS ASKED') });
  });

  it('given a kill -9 in its middle, then a start serves the old store or the new one, whole', async () => {
    const { server, api, conversations } = await given();
    await takeBack(api, conversations);
    await api.sendText('u1', 'only-in-the-old', 'old');
    await server.stop();
    cpSync(at('data'), at('original'), { recursive: true });
    const moments = [
      'restoring',
      'restoring/recalld.sqlite',
      'restoring/owner.lock',
      'restoring/plan.json',
      'restored',
    ];
    for (const [n, moment] of moments.entries()) {
      const dataDir = at(`data-${n}`);
      cpSync(at('original'), dataDir, { recursive: true });
      await recalld(['restore', at('backup')], { RECALLD_DATA_DIR: dataDir }, () =>
        existsSync(path.join(dataDir, moment)),
      );
      const { api: after, server: next } = await serve(dataDir);
      await expectTakenBack(dataDir, after);
      const isOld = (await after.roaming('only-in-the-old', 'u1@easemob.com')).length === 1;
      expect(readdirSync(dataDir).filter((name) => name.startsWith('restor'))).toEqual([]);
      await next.stop();
      if (isOld) expect(await restore(dataDir, at('backup'))).toMatchObject({ code: 0 });
    }
  });

  describe.skipIf(findNatsServer() === undefined)('with NATS', () => {
    it('given that the store is lost, then the stream of events tells what was recalled', async () => {
      const broker = await startNatsServer();
      const { server, api, conversations } = await given({ RECALLD_NATS_URL: broker.url });
      await takeBack(api, conversations);
      await expect
        .poll(async () => (await fetch(`${server.url}/metrics`)).text(), { timeout: 10_000 })
        .toMatch(/recalld_feed_lag_seconds\{feed="events"\} 0\n/);
      await server.stop('SIGKILL');

      const env = { RECALLD_DATA_DIR: at('elsewhere'), RECALLD_NATS_URL: broker.url };
      const restored = await recalld(['restore', at('backup')], env);
      expect(restored).toMatchObject({ code: 0, err: '' });
      expect(restored.out).toContain(`${tookAll} were taken from the stream RECALLD_EVENTS`);
      expect(await filesWith(at('elsewhere'), secret)).toEqual([]);
      const { api: again } = await serve(at('elsewhere'));
      await expectTakenBack(at('elsewhere'), again);
      await broker.stop();
    });
  });
});
