import { setTimeout as delay } from 'node:timers/promises';
import type { MsyncServer } from '@recalld/adapters-msync';
import type { CommandLoop } from '@recalld/domain';
import type { FastifyInstance } from 'fastify';
import { ConfigError } from './configValues.js';
import { takeWebSockets } from './upgrades.js';
import { within } from './within.js';
import type { Worker } from './workers.js';

export interface ServerParts {
  readonly http: FastifyInstance;
  /** Of devices, over the listener's sockets. */
  readonly sessions: Pick<MsyncServer, 'upgrade' | 'close'>;
  /** None relies on another one. */
  readonly workers: readonly Worker[];
  readonly loop: Pick<CommandLoop, 'drain'>;
  readonly signals: Closing;
  readonly storage: Closing;
}

export interface Closing {
  close(): Promise<void>;
}

export interface Server {
  /** Answers the URL that it listens at. */
  start(host: string, port: number): Promise<string>;
  /**
   * Everything that was acknowledged is on disk when it resolves; at most about nine seconds, also when a
   * database that is away answers nothing: what waits for it was not acknowledged.
   */
  stop(): Promise<void>;
}

/** Of the ten seconds that a stop may take. */
const farewellMs = 500;
/** For requests and for devices' sessions, side by side. */
const requestsMs = 3_000;
const workersMs = 3_000;
const restMs = 1_000;

/** Starts and stops the parts, each before those that it relies on are gone. */
export function createServer(parts: ServerParts): Server {
  const { http, sessions, workers, loop, signals, storage } = parts;
  takeWebSockets(http.server, (...upgrade) => sessions.upgrade(...upgrade));
  return {
    async start(host, port) {
      const url = await http
        .listen({ host, port })
        .catch((fault: unknown) => refuseAddress(fault, host, port));
      for (const worker of workers) worker.start();
      return url;
    },
    async stop() {
      await closeListener(http, sessions);
      await Promise.all(workers.map((worker) => worker.stop(workersMs)));
      await within(restMs, loop.drain());
      await within(restMs, signals.close());
      await within(restMs, storage.close());
    },
  };
}

/**
 * Answers what is under way and what has reached this machine already: whoever keeps a connection is
 * told with its next answer to open another one, elsewhere. Streams end, and sessions are closed so that
 * their devices come back, when nobody can come back to this listener. What stays open longer is cut.
 */
async function closeListener(http: FastifyInstance, sessions: ServerParts['sessions']): Promise<void> {
  http.server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
  await delay(farewellMs);
  const cut = setTimeout(() => {
    http.server.closeAllConnections();
  }, requestsMs);
  const closed = http.close();
  // The listener counts their sockets among its own.
  await sessions.close(requestsMs);
  await closed;
  clearTimeout(cut);
}

/** @throws ConfigError when the address is taken or not this machine's, else the fault itself. */
function refuseAddress(fault: unknown, host: string, port: number): never {
  const code = fault instanceof Error && 'code' in fault ? fault.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      throw new ConfigError(
        `PORT holds "${port}", which another process listens on at ${host}; it takes a free port`,
      );
    case 'EACCES':
      throw new ConfigError(`PORT holds "${port}", which this user may not listen on; it takes another port`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      throw new ConfigError(
        `HOST holds "${host}", which is not an address of this machine; it takes one that is`,
      );
    default:
      throw fault;
  }
}
