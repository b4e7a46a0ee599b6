import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLiveUpdates } from '@recalld/domain';
import type { AccessTokens, RecordedEvent, StoragePorts, UserId } from '@recalld/domain';
import {
  createMemoryStorage,
  createWorld,
  groupSample,
  sampleInstant,
  userSample,
} from '@recalld/domain/testing';
import type { World } from '@recalld/domain/testing';
import type { MsyncLimits } from '../limits.js';
import { createMessageCodec } from '../messageCodec.js';
import { createMsyncServer } from '../server.js';
import type { MsyncServer, MsyncServerDeps } from '../server.js';
import { createUplink } from '../up/uplink.js';
import { decoder } from './given.js';
import { connectClient } from './msyncClient.js';
import type { Down, LoginChange, MsyncClient } from './msyncClient.js';

export interface MsyncNode {
  readonly msync: MsyncServer;
  readonly url: string;
  connect(path?: string): Promise<MsyncClient>;
  /** A connected device of a user. */
  device(user: UserId, device?: string, change?: LoginChange): Promise<MsyncClient>;
  close(): Promise<void>;
}

/** Nodes over one memory, and the users that are registered there. */
export interface MsyncWorld extends World {
  readonly storage: StoragePorts;
  /** Messages of the log's lines. */
  readonly lines: readonly string[];
  node(change?: Partial<MsyncServerDeps>): Promise<MsyncNode>;
  group(id: string, members: readonly UserId[]): Promise<void>;
  events(type: RecordedEvent['type']): Promise<readonly RecordedEvent[]>;
  close(): Promise<void>;
}

/** So that what has a time is looked at soon; the clock stands still until a test moves it. */
const soon: Partial<MsyncLimits> = { sweepMs: 5, writeGatherMs: 1, writeAgainMs: 5, closeMs: 200 };

/** `user:{name}`, with `:{instant}` when it expires and another one of its issue, or `app`. */
const tokens: AccessTokens = {
  issue: () => '',
  verify: (_app, token, now) => {
    const [kind, user, expires = '', issued = String(sampleInstant)] = token.split(':');
    const expiresAt = expires === '' ? null : Number(expires);
    const issuedAt = Number(issued);
    if (expiresAt !== null && expiresAt <= now) return 'expired';
    if (kind === 'app') return { subject: { kind: 'app' }, issuedAt, expiresAt };
    if (kind !== 'user' || user === undefined) return 'corrupt';
    return { subject: { kind: 'user', user }, issuedAt, expiresAt };
  },
};

export async function createMsyncWorld(
  users: readonly UserId[],
  change: Partial<StoragePorts> = {},
): Promise<MsyncWorld> {
  const memory: StoragePorts = { ...createMemoryStorage(), ...change };
  const steppers = new Set<() => void>();
  const storage: StoragePorts = {
    ...memory,
    commands: {
      ...memory.commands,
      commit: async (units) => {
        const committed = await memory.commands.commit(units);
        for (const step of steppers) step();
        return committed;
      },
    },
  };
  const world = await createWorld(storage);
  const lines: string[] = [];
  const line = (_: object, message: string) => void lines.push(message);
  const log = { debug: line, info: line, warn: line, error: line };
  await storage.users.register(users.map((id) => userSample(world.app.no, id)));
  const nodes: MsyncNode[] = [];

  async function node(given: Partial<MsyncServerDeps> = {}): Promise<MsyncNode> {
    const live = createLiveUpdates({ log: storage.log, chats: storage.chatReader });
    steppers.add(stepper(() => live.step()));
    const { clock, ids, loop } = world;
    const uplink = createUplink({ loop, storage, ids, clock, log, settings: { messageRetentionMs: null } });
    const base = {
      storage,
      tokens,
      codec: createMessageCodec({ decoder }),
      live,
      loop,
      uplink,
      ids,
      addressOf: ({ socket }: IncomingMessage) => socket.remoteAddress ?? '',
      clock,
      log,
    };
    const limits = { ...soon, ...given.limits };
    const msync = createMsyncServer({ ...base, node: `node ${nodes.length}`, ...given, limits });
    const made = await listening(msync);
    nodes.push(made);
    return made;
  }

  return {
    ...world,
    storage,
    lines,
    node,
    group: async (id, members) => {
      await storage.chats.create(groupSample(world.app.no, id, { membersMax: 5_000 }), members);
    },
    events: async (type) => {
      const { events } = await storage.log.read({ after: 0, limit: 10_000 });
      return events.filter((event) => event.type === type);
    },
    close: async () => {
      await Promise.all(nodes.map(({ close }) => close()));
    },
  };
}

async function listening(msync: MsyncServer): Promise<MsyncNode> {
  const server = createServer((_request, response) => response.end());
  server.on('upgrade', msync.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connect = (path = '/websocket') => connectClient(url + path);
  return {
    msync,
    url,
    connect,
    device: async (user, device, change) => {
      const client = await connect();
      expectWelcome(await client.login(user, device, change));
      return client;
    },
    close: async () => {
      await msync.close(1_000);
      server.close();
    },
  };
}

function expectWelcome({ status }: Down): void {
  if (status?.errorCode !== 0) throw new Error(`not logged in: ${status?.reason}`);
}

/** Steps as long as there is more, and once more after every call. */
function stepper(step: () => Promise<boolean>): () => void {
  let isAsked = false;
  let running: Promise<void> | undefined;
  async function run(): Promise<void> {
    while (isAsked) {
      isAsked = false;
      while (await step());
    }
    running = undefined;
  }
  return () => {
    isAsked = true;
    running ??= run();
  };
}

/** Lets the world go on until something is so; the test's own time limit ends it when it never is. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 2));
}
