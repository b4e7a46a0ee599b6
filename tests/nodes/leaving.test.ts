import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findNatsServer } from '../../scripts/lib/natsServer.mjs';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import type { Api } from '../support/api.js';
import { missingFromLog, startTraffic, untilCalledBack } from '../support/books.js';
import { readFeed } from '../support/feed.js';
import { startNodes } from '../support/nodes.js';
import type { Nodes, TestNode } from '../support/nodes.js';
import { startReceiver } from '../support/receiver.js';
import type { Receiver } from '../support/receiver.js';

/** What a node had in hand goes on elsewhere within this time. */
const takenOverMs = 30_000;
/** Longer than any lease. */
const pausedMs = 25_000;
const patientMs = 150_000;
const available = findPostgres() !== undefined && findNatsServer() !== undefined;

/** Each has nodes and a database of its own: they wait at the same time. */
describe.skipIf(!available).concurrent('a node that leaves the others', () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres();
  });

  afterAll(() => postgres.stop());

  it(
    'killed with deliveries, purges and feeds in hand: all of it goes on elsewhere',
    async () => {
      const { cluster, first, others, easemob, native, close } = await given({ hang: true });
      const [other] = others;
      const recalled = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const msgId = await first.api.sendText(`u${n}`, 'u2', 'hello');
          expect((await first.api.recall(msgId, 'u2')).status).toBe(200);
          return msgId;
        }),
      );
      await easemob.until((received) => received.length > 0);
      const files = await Promise.all(Array.from({ length: 10 }, () => recallFile(first.api)));
      await first.kill();
      easemob.answer(200);

      recalled.push(...files.map(({ msgId }) => msgId));
      expect(await untilCalledBack(easemob, recalled, takenOverMs)).toEqual([]);
      await untilPurged(native, files, takenOverMs);
      const owed = [
        ...recalled.map((msgId) => `message.recalled ${msgId}`),
        ...files.map(({ uuid }) => `attachment.purged ${uuid}`),
      ];
      const url = cluster.broker?.url ?? '';
      await vi.waitFor(async () => expect(missing(owed, await fed(url))).toEqual([]), takenOverMs);
      const events = await readFeed(url);
      expect(new Set(events.map(about)).size).toBe(new Set(events.map(({ id }) => id)).size);
      const order = events.map(about);
      for (const { msgId, uuid } of files) {
        expect(order.indexOf(`message.recalled ${msgId}`)).toBeLessThan(
          order.indexOf(`attachment.purged ${uuid}`),
        );
      }
      await vi.waitFor(async () => expect(await pending(other.api)).toEqual([]), takenOverMs);
      await close();
    },
    patientMs,
  );

  it(
    'paused for longer than its leases under traffic: nothing is lost or done twice, no id comes again, and it serves again',
    async () => {
      const { cluster, first, easemob, close } = await given({});
      let up: readonly TestNode[] = cluster.nodes;
      const traffic = startTraffic(() => up);
      const minting = startMinting(() => cluster.nodes);
      await delay(1_000);
      first.pause();
      up = cluster.nodes.slice(1);
      await delay(pausedMs);
      first.resume();
      up = cluster.nodes;
      await delay(2_000);

      const books = await traffic.stop();
      const ids = await minting.stop();
      await vi.waitFor(async () => void (await first.api.sendText('u1', 'u2', 'hello')), takenOverMs);
      expect(books.recalled.size).toBeGreaterThan(100);
      expect({ twice: books.twice, wrong: books.wrong }).toEqual({ twice: [], wrong: [] });
      expect(await missingFromLog(first.api, books)).toEqual([]);
      expect(await untilCalledBack(easemob, books.recalled, takenOverMs)).toEqual([]);
      expect(ids.length).toBeGreaterThan(10_000);
      expect(new Set([...ids, ...books.sent]).size).toBe(ids.length + books.sent.size);
      await close();
    },
    patientMs,
  );

  it(
    'paused in the middle of an attempt that another node makes then: what it hears of its own changes nothing',
    async () => {
      const cluster = await startNodes(postgres, 1);
      const [first] = cluster.nodes as readonly [TestNode];
      const holding = await startHolding();
      const rule = { name: 'holding', url: holding.url, dialect: 'easemob' };
      expect((await first.api.admin('POST', '/callback-rules', rule)).status).toBe(201);
      const msgId = await first.api.sendText('u1', 'u2', 'hello');
      await first.api.recall(msgId, 'u2');
      await vi.waitFor(() => expect(holding.held).toHaveLength(1), takenOverMs);
      first.pause();
      const next = await startNodes(postgres, 1, { database: cluster.database });
      const [second] = next.nodes as readonly [TestNode];
      await vi.waitFor(() => expect(holding.held).toHaveLength(2), takenOverMs);
      holding.held[1]?.writeHead(200).end();
      await vi.waitFor(async () => expect(await pending(second.api)).toEqual([]), takenOverMs);

      holding.held[0]?.writeHead(500).end();
      first.resume();
      await vi.waitFor(async () => void (await first.api.sendText('u1', 'u2', 'hello')), takenOverMs);
      await delay(1_000);

      const list = await second.api.admin('GET', '/deliveries');
      const [delivery] = list.body['entities'] as readonly { id: string }[];
      const { body } = await second.api.admin('GET', `/deliveries/${delivery?.id ?? ''}`);
      expect(body).toMatchObject({ status: 'delivered', last_status: 200 });
      expect((body['attempt_log'] as { status: number }[]).map(({ status }) => status)).not.toContain(500);
      expect(holding.held).toHaveLength(2);
      await Promise.all([cluster.close(), next.close()]);
      holding.close();
    },
    patientMs,
  );

  it(
    'told to stop under load: it ends with 0 in time, and its work is another node’s at once',
    async () => {
      const { cluster, first, others, easemob, native, close } = await given({});
      const [other] = others;
      let up: readonly TestNode[] = cluster.nodes;
      const traffic = startTraffic(() => up);
      await delay(2_000);
      const stopped = first.stop();
      up = others;
      expect(await stopped).toBe(0);

      // Sooner than any lease would end by itself.
      const soonMs = 10_000;
      const file = await recallFile(other.api);
      await untilPurged(native, [file], soonMs);
      const owed = [`attachment.purged ${file.uuid}`];
      await vi.waitFor(
        async () => expect(missing(owed, await fed(cluster.broker?.url ?? ''))).toEqual([]),
        soonMs,
      );
      const books = await traffic.stop();
      expect({ twice: books.twice, wrong: books.wrong }).toEqual({ twice: [], wrong: [] });
      expect(await missingFromLog(other.api, books)).toEqual([]);
      expect(await untilCalledBack(easemob, books.recalled, takenOverMs)).toEqual([]);
      await close();
    },
    patientMs,
  );

  it(
    'killed and started again and again while all of them mint: no id comes again',
    async () => {
      const cluster = await startNodes(postgres, 3);
      let up: readonly TestNode[] = cluster.nodes;
      const minting = startMinting(() => up);
      for (let round = 0; round < 6; round += 1) {
        const victim = cluster.nodes[round % 3];
        if (victim === undefined) throw new Error('there are three nodes');
        await delay(500);
        up = cluster.nodes.filter((node) => node !== victim);
        await victim.kill();
        await victim.start();
        up = cluster.nodes;
      }
      await delay(500);
      const ids = await minting.stop();
      expect(ids.length).toBeGreaterThan(10_000);
      expect(new Set(ids).size).toBe(ids.length);
      await cluster.close();
    },
    patientMs,
  );

  /** Three nodes, of which the first has every lease; receivers of both kinds of rules. */
  async function given({ hang = false }: { readonly hang?: boolean }) {
    const cluster: Nodes = await startNodes(postgres, 3, { nats: true, inTurn: true });
    const [easemob, native] = await Promise.all([startReceiver({ hang }), startReceiver()]);
    const [first, ...others] = cluster.nodes as readonly [TestNode, TestNode, TestNode];
    for (const rule of [
      { name: 'easemob', url: easemob.url, dialect: 'easemob' },
      { name: 'native', url: native.url, dialect: 'native' },
    ]) {
      expect((await first.api.admin('POST', '/callback-rules', rule)).status).toBe(201);
    }
    const close = async () => {
      await cluster.close();
      await Promise.all([easemob.close(), native.close()]);
    };
    return { cluster, first, others, easemob, native, close };
  }
});

interface RecalledFile {
  readonly uuid: string;
  readonly msgId: string;
}

async function recallFile(api: Api): Promise<RecalledFile> {
  const form = new FormData();
  form.append('file', new Blob(['image bytes'], { type: 'image/png' }), 'cat.png');
  const { url, uuid } = await api.upload(form);
  const msgId = await api.sendImage({ filename: 'cat.png', url });
  expect((await api.recall(msgId, 'u2')).status).toBe(200);
  return { uuid, msgId };
}

async function untilPurged(native: Receiver, files: readonly RecalledFile[], deadlineMs: number) {
  await native.until((received) => {
    const heard = received.map(({ body }) => (body['data'] as Record<string, unknown>)['file_uuid']);
    return files.every(({ uuid }) => heard.includes(uuid));
  }, deadlineMs);
}

function about({ type, data }: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }) {
  return `${type} ${String(data['file_uuid'] ?? data['msg_id'])}`;
}

async function fed(url: string): Promise<ReadonlySet<string>> {
  return new Set((await readFeed(url)).map(about));
}

function missing(owed: readonly string[], there: ReadonlySet<string>): readonly string[] {
  return owed.filter((each) => !there.has(each));
}

async function pending(api: Api): Promise<readonly unknown[]> {
  return (await api.admin('GET', '/deliveries?status=pending')).body['entities'] as readonly unknown[];
}

/** Each of those that are up sends to many at once, again and again: one id for each receiver. */
function startMinting(up: () => readonly TestNode[]) {
  const to = Array.from({ length: 100 }, (_, n) => `receiver-${n}`);
  const ids: string[] = [];
  let ended = false;
  const mint = async (index: number) => {
    while (!ended) {
      const node = up()[index % up().length];
      try {
        const message = { from: `minter-${index}`, to, type: 'txt', body: { msg: 'many' } };
        const { status, body } = (await node?.api.app('POST', '/messages/users', message)) ?? {};
        if (status === 200) ids.push(...Object.values(body?.['data'] as Record<string, string>));
      } catch {
        // It is gone; what was not answered is nobody's id.
      }
      await delay(150);
    }
  };
  const running = Promise.all([0, 1, 2].map(mint));
  return {
    async stop() {
      ended = true;
      await running;
      return ids;
    },
  };
}

/** A receiver that answers nothing by itself. */
async function startHolding() {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => held.push(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    held,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
