import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findNatsServer } from '../../scripts/lib/natsServer.mjs';
import { findPostgres, startPostgres } from '../../scripts/lib/postgresServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import { startNodes } from '../support/nodes.js';
import type { Nodes, TestNode } from '../support/nodes.js';
import { openStream } from '../support/streams.js';
import type { OpenStream } from '../support/streams.js';

const brokers = [
  ['without a broker', false, true],
  ['with a broker', true, findNatsServer() !== undefined],
] as const;

describe.each(brokers)('streams on several nodes, %s', (_, nats, isThere) => {
  describe.skipIf(findPostgres() === undefined || !isThere)('on PostgreSQL', () => {
    let postgres: PostgresServer;
    let cluster: Nodes;

    beforeAll(async () => {
      postgres = await startPostgres();
      cluster = await startNodes(postgres, 2, { nats });
    });
    afterAll(async () => {
      await cluster.close();
      await postgres.stop();
    });

    function pair(): readonly [TestNode, TestNode] {
      const [one, other] = cluster.nodes;
      if (one === undefined || other === undefined) throw new Error('there are two nodes');
      return [one, other];
    }

    const open = ({ api }: TestNode, user: string, after?: string): Promise<OpenStream> =>
      openStream(`${api.appUrl}/users/${user}/events`, {
        authorization: `Bearer ${api.appToken}`,
        ...(after === undefined ? {} : { 'last-event-id': after }),
      });
    const told = ({ events }: OpenStream) => events.map(({ event, data }) => [event, data['msg_id']]);

    it('given a message and its recall at one node, then a stream at another tells both', async () => {
      const [one, other] = pair();
      const stream = await open(one, 'bob');
      const msgId = await other.api.sendText('alice', 'bob', 'hello');
      await vi.waitFor(() => expect(told(stream)).toEqual([['message', msgId]]), { timeout: 20_000 });

      await other.api.recall(msgId, 'bob');

      await vi.waitFor(() => expect(told(stream).at(-1)).toEqual(['recall', msgId]), { timeout: 20_000 });
      stream.leave();
    });

    it('given a stop of its node, then a stream goes on at another one with nothing lost', async () => {
      const [one, other] = pair();
      const before = await open(one, 'carol');
      const sent = [await one.api.sendText('alice', 'carol', 'one')];
      await vi.waitFor(() => expect(told(before)).toHaveLength(1), { timeout: 20_000 });

      const stopped = one.stop();
      await before.ended;
      const after = await open(other, 'carol', before.lastId());
      sent.push(await other.api.sendText('alice', 'carol', 'two'));

      await vi.waitFor(() => expect(told(after)).toHaveLength(1), { timeout: 20_000 });
      expect([...told(before), ...told(after)]).toEqual(sent.map((msgId) => ['message', msgId]));
      expect(await stopped).toBe(0);
      after.leave();
    });
  });
});
