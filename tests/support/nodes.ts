import type { ChildProcess } from 'node:child_process';
import { openLine } from '../../scripts/lib/line.mjs';
import type { Line } from '../../scripts/lib/line.mjs';
import { startNatsServer } from '../../scripts/lib/natsServer.mjs';
import type { NatsServer } from '../../scripts/lib/natsServer.mjs';
import type { PostgresServer } from '../../scripts/lib/postgresServer.mjs';
import { createApi } from './api.js';
import type { Api } from './api.js';
import type { Partition } from './partition.js';
import { spawnServer } from './server.js';

/** One process of several on a database, with a line of its own to each server that it needs. */
export interface TestNode {
  /** Of the process that runs now: a start gives it another port. */
  readonly url: string;
  readonly api: Api;
  readonly process: ChildProcess;
  readonly toDatabase: Line;
  readonly toNats: Line | undefined;
  /** Everything that it has printed since its start, both streams. */
  output(): string;
  /** Starts a new process in the place of the one that has ended. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** It keeps what it has, and does nothing until it is resumed. */
  pause(): void;
  resume(): void;
  /** SIGTERM; its exit code, null when it did not end within ten seconds. */
  stop(): Promise<number | null>;
}

export interface Nodes {
  readonly nodes: readonly TestNode[];
  readonly broker: NatsServer | undefined;
  readonly database: string;
  /** Ends all of them at once, and their broker. */
  close(): Promise<void>;
}

export interface NodesOptions {
  readonly nats?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** One after the other: the first one has every lease. At the same moment when left out. */
  readonly inTurn?: boolean;
  /** Where other nodes are already; a new one when left out. */
  readonly database?: string;
  /** The network that the first one is in; the machine's own when left out. */
  readonly partition?: Partition;
}

const stopDeadlineMs = 10_000;

/** Starts so many nodes on a database of that server. */
export async function startNodes(
  postgres: PostgresServer,
  count: number,
  options: NodesOptions = {},
): Promise<Nodes> {
  const { nats = false, env = {}, inTurn = false, partition } = options;
  const broker = nats ? await startNatsServer() : undefined;
  const database = options.database ?? (await postgres.createDatabase());
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      placeNode({ database, postgres, broker, env, partition: index === 0 ? partition : undefined }),
    ),
  );
  if (inTurn) for (const node of nodes) await node.start();
  else await Promise.all(nodes.map((node) => node.start()));
  return {
    nodes,
    broker,
    database,
    async close() {
      await Promise.all(
        nodes.map(async (node) => {
          await node.kill();
          await node.toDatabase.close();
          await node.toNats?.close();
        }),
      );
      await broker?.stop();
    },
  };
}

/** The variables that every node of a database has alike. */
export function nodeVariables(database: string): Record<string, string> {
  return { RECALLD_DATABASE_URL: database, RECALLD_SECRET_KEY: 'the same secret key at every node' };
}

interface Place {
  readonly database: string;
  readonly postgres: PostgresServer;
  readonly broker: NatsServer | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly partition: Partition | undefined;
}

async function placeNode({ database, postgres, broker, env, partition }: Place): Promise<TestNode> {
  const toDatabase = await openLine(postgres.port, partition?.serversHost);
  const toNats = broker === undefined ? undefined : await openLine(broker.port);
  const variables = {
    ...nodeVariables(toDatabase.url(database)),
    ...(broker === undefined || toNats === undefined ? {} : { RECALLD_NATS_URL: toNats.url(broker.url) }),
    RECALLD_LOG_LEVEL: 'error',
    ...(partition === undefined ? {} : { HOST: partition.ownHost }),
    ...env,
  };
  let running: { server: ReturnType<typeof spawnServer>; url: string; api: Api } | undefined;
  const current = () => {
    if (running === undefined) throw new Error('this node was not started');
    return running;
  };
  return {
    toDatabase,
    toNats,
    get url() {
      return current().url;
    },
    get api() {
      return current().api;
    },
    get process() {
      return current().server.process;
    },
    output: () => current().server.output(),
    async start() {
      // A node keeps nothing on its machine.
      const server = spawnServer('/nonexistent', variables, partition?.prefix);
      const url = await server.listening;
      running = { server, url, api: await createApi(url) };
    },
    async kill() {
      await running?.server.stop('SIGKILL');
    },
    pause: () => void current().server.process.kill('SIGSTOP'),
    resume: () => void current().server.process.kill('SIGCONT'),
    async stop() {
      const { server } = current();
      const deadline = setTimeout(() => server.process.kill('SIGKILL'), stopDeadlineMs);
      const code = await server.stop();
      clearTimeout(deadline);
      return code;
    },
  };
}
