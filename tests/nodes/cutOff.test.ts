import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findNatsServer } from '../../scripts/lib/natsServer.mjs';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import { missingFromLog, startTraffic, untilCalledBack } from '../support/books.js';
import { readFeed } from '../support/feed.js';
import { startNodes } from '../support/nodes.js';
import type { Nodes, TestNode } from '../support/nodes.js';
import { openPartition } from '../support/partition.js';
import { startReceiver } from '../support/receiver.js';

const available = findPostgres() !== undefined && findNatsServer() !== undefined;
/** Longer than any lease. */
const awayMs = 22_000;
const backMs = 30_000;
const patientMs = 150_000;

/** How a node loses the database, and what goes with it. */
interface Loss {
  readonly cluster: Nodes;
  lose(): void;
  restore(): void;
  end(): Promise<void>;
}

describe.skipIf(!available).concurrent('a node that is cut off', () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres();
  });

  afterAll(() => postgres.stop());

  const losses: readonly { readonly how: string; readonly given: () => Promise<Loss> }[] = [
    { how: 'its connections are ended', given: () => givenLine((line) => line.cut()) },
    { how: 'nothing that it sends arrives', given: () => givenLine((line) => line.silence()) },
    { how: 'its network loses every packet', given: givenPartition },
  ];

  it.each(losses)(
    'from the database, $how: it says so and hangs on nothing, the others go on, and it serves again after that',
    async ({ given }) => {
      const { cluster, lose, restore, end } = await given();
      const [cut, ...others] = cluster.nodes as readonly [TestNode, TestNode, TestNode];
      const elsewhere = startTraffic(() => others, 3);
      const everywhere = startTraffic(() => cluster.nodes, 3);
      const known = await cut.api.sendText('u1', 'u2', 'hello');
      await delay(1_000);
      lose();
      const until = Date.now() + awayMs;
      const calls = [
        () =>
          cut.api.app('POST', '/messages/users', { from: 'u1', to: ['u2'], type: 'txt', body: { msg: 'x' } }),
        () => cut.api.recall(known, 'u2'),
        () => cut.api.app('GET', '/users/u2/user_channels'),
        () => cut.api.app('POST', '/chatgroups', { groupname: 'g', public: true, maxusers: 9, owner: 'u1' }),
      ];
      for (const { status, body } of await Promise.all(calls.map((call) => call()))) {
        expect({ status, error: body['error'] }).toEqual({ status: 503, error: 'service_unavailable' });
      }
      expect((await cut.api.admin('GET', '/recall-policy')).status).toBe(503);
      expect(await probe(cut, '/readyz')).toEqual([503, { status: 'unavailable', missing: ['storage'] }]);
      expect((await probe(cut, '/healthz'))[0]).toBe(200);
      for (const other of others) expect((await probe(other, '/readyz'))[0]).toBe(200);
      await delay(Math.max(0, until - Date.now()));

      restore();
      await vi.waitFor(async () => expect((await probe(cut, '/readyz'))[0]).toBe(200), backMs);
      await vi.waitFor(async () => void (await cut.api.sendText('u1', 'u2', 'again')), backMs);
      const [all, one] = await Promise.all([everywhere.stop(), elsewhere.stop()]);
      // A crash would look like a cut line.
      expect(cut.process.exitCode).toBe(null);
      expect(one.counts).toEqual({ away: 0, cutOff: 0 });
      expect(one.recalled.size).toBeGreaterThan(50);
      for (const books of [all, one]) {
        expect({ twice: books.twice, wrong: books.wrong }).toEqual({ twice: [], wrong: [] });
        expect(await missingFromLog(cut.api, books)).toEqual([]);
      }
      await end();
    },
    patientMs,
  );

  it(
    'from NATS: it works on without, its callbacks are made, and another one publishes',
    async () => {
      const cluster = await startNodes(postgres, 3, { nats: true, inTurn: true });
      const receiver = await startReceiver();
      const [cut, ...others] = cluster.nodes as readonly [TestNode, TestNode, TestNode];
      const rule = { name: 'easemob', url: receiver.url, dialect: 'easemob' };
      expect((await cut.api.admin('POST', '/callback-rules', rule)).status).toBe(201);
      const recalled: string[] = [];
      const recall = async ({ api }: TestNode) => {
        const msgId = await api.sendText('u1', 'u2', 'hello');
        expect((await api.recall(msgId, 'u2')).status).toBe(200);
        recalled.push(msgId);
      };
      await recall(cut);

      cut.toNats?.cut();
      await vi.waitFor(
        async () =>
          expect(await probe(cut, '/readyz')).toEqual([200, { status: 'ready', degraded: ['nats'] }]),
        backMs,
      );
      for (let n = 0; n < 10; n += 1) await recall(cut);
      expect(await untilCalledBack(receiver, recalled, backMs)).toEqual([]);
      const published = async () =>
        new Set((await readFeed(cluster.broker?.url ?? '')).map(({ data }) => data['msg_id']));
      const lost = async () => {
        const there = await published();
        return recalled.filter((msgId) => !there.has(msgId));
      };
      await vi.waitFor(async () => expect(await lost()).toEqual([]), backMs);
      for (const other of others) expect(await probe(other, '/readyz')).toEqual([200, { status: 'ready' }]);

      cut.toNats?.restore();
      await vi.waitFor(
        async () => expect(await probe(cut, '/readyz')).toEqual([200, { status: 'ready' }]),
        backMs,
      );
      for (const node of cluster.nodes) await recall(node);
      expect(await untilCalledBack(receiver, recalled, backMs)).toEqual([]);
      await vi.waitFor(async () => expect(await lost()).toEqual([]), backMs);
      await cluster.close();
      await receiver.close();
    },
    patientMs,
  );

  async function givenLine(lose: (line: TestNode['toDatabase']) => void): Promise<Loss> {
    const cluster = await startNodes(postgres, 3, { inTurn: true });
    const [{ toDatabase }] = cluster.nodes as readonly [TestNode];
    return {
      cluster,
      lose: () => lose(toDatabase),
      restore: () => toDatabase.restore(),
      end: () => cluster.close(),
    };
  }

  /** Where no network can be made, the line swallows what is sent: all but what the kernel does about it. */
  async function givenPartition(): Promise<Loss> {
    const partition = openPartition();
    if (partition === undefined) {
      console.log(
        'no network of its own can be made here (ip netns as root): a silent line is tried instead',
      );
      return givenLine((line) => line.silence());
    }
    const cluster = await startNodes(postgres, 3, { inTurn: true, partition });
    const end = async () => {
      await cluster.close();
      partition.remove();
    };
    return { cluster, lose: partition.lose, restore: partition.restore, end };
  }
});

async function probe({ url }: TestNode, path: string): Promise<readonly [number, unknown]> {
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(15_000) });
  return [answer.status, await answer.json()];
}
