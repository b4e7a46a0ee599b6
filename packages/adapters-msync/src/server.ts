import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  AccessTokens,
  Clock,
  CommandLoop,
  IdSource,
  LiveUpdates,
  Log,
  MessageCodec,
  StoragePorts,
} from '@recalld/domain';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { zeroCounts } from './counts.js';
import type { MsyncCounts } from './counts.js';
import { createChatKinds } from './down/chatKinds.js';
import { createCursorWriter } from './down/cursorWriter.js';
import { createEncodedItems } from './down/encodedItems.js';
import { createReadPage } from './down/pages.js';
import { createKeyTurns } from './down/rounds.js';
import { createFaultLog } from './faultLog.js';
import { msyncLimits } from './limits.js';
import type { MsyncLimits } from './limits.js';
import { UserRates } from './rates.js';
import { refuseUpgrade } from './rawSocket.js';
import type { EndedSession } from './sessions/begin.js';
import { Session } from './sessions/session.js';
import type { SessionDeps } from './sessions/session.js';
import { SessionTable } from './sessions/sessionTable.js';
import { become, closeSessions } from './sessions/closing.js';
import { endFallen } from './sessions/standings.js';
import { Strangers } from './sessions/strangers.js';
import type { Uplink } from './up/uplink.js';
import { createWriteBehind } from './writeBehind.js';

export interface MsyncServerDeps {
  readonly storage: Pick<StoragePorts, 'apps' | 'users' | 'devices' | 'queues' | 'contents' | 'chats'>;
  readonly tokens: AccessTokens;
  readonly codec: MessageCodec;
  readonly live: Pick<LiveUpdates, 'watch'>;
  readonly loop: Pick<CommandLoop, 'submit'>;
  readonly uplink: Uplink;
  readonly ids: Pick<IdSource, 'next'>;
  /** Whom a request comes from: an IP address in one spelling. Never throws. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process among all nodes; no later one has the same. */
  readonly node: string;
  readonly limits?: Partial<MsyncLimits>;
}

/** What the official SDKs connect to (msync): one session for each socket. */
export interface MsyncServer {
  /**
   * Takes a socket that an HTTP server hands over with its 'upgrade' event, or answers it in JSON:
   * 404 for another path than `/websocket` and `/ws`, 503 when there are too many. Never throws.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sessions that are logged in. */
  sessions(): number;
  /** Sockets, logged in or not. */
  sockets(): number;
  counts(): MsyncCounts;
  /**
   * Takes no more sockets and frames, answers those in hand, closes every session so that its device
   * comes back (1001), and writes how far each has come. Never rejects; after `deadlineMs` it is cut short.
   */
  close(deadlineMs: number): Promise<void>;
}

const paths: readonly string[] = ['/websocket', '/ws'];

export function createMsyncServer(given: MsyncServerDeps): MsyncServer {
  const deps = partsOf(given);
  const { limits, table, counts, clock, faults, strangers } = deps;
  // Its types do not know closeTimeout yet.
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.refusedFrameBytesMax,
    closeTimeout: limits.closeMs,
  };
  const webSockets = new WebSocketServer(options);
  webSockets.on('wsClientError', (_fault, socket) => refuseUpgrade(socket, 400));
  let isClosing = false;
  let lookedAt = clock.now();
  let isLooking = false;

  async function lookAtTokens(): Promise<void> {
    isLooking = true;
    try {
      await endFallen(given.storage, table);
    } catch (fault) {
      faults.tell(fault, 'whether tokens are good still is not known; looking again');
    } finally {
      isLooking = false;
    }
  }

  const timer = setInterval(() => {
    const now = clock.now();
    for (const session of table.sockets) session.sweep(now);
    if (isLooking || now - lookedAt < limits.revocationsMs) return;
    lookedAt = now;
    void lookAtTokens();
  }, limits.sweepMs).unref();

  /** Whether there is a place for one more socket, one that may have to be made. */
  function makePlace(): boolean {
    if (table.strangers >= limits.strangersMax) strangers.first()?.end('crowdedOut');
    return table.strangers < limits.strangersMax;
  }

  return {
    upgrade(request, socket, head) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const isKnown = paths.includes(path);
      if (isKnown && !isClosing && makePlace()) {
        const ip = given.addressOf(request);
        webSockets.handleUpgrade(request, socket, head, (opened) => {
          limitStranger(attach(deps, opened, ip), opened, socket, limits);
        });
      } else {
        counts.socketsRefused += 1;
        refuseUpgrade(socket, isKnown ? 503 : 404);
      }
    },
    sessions: () => table.size,
    sockets: () => table.sockets.size,
    counts: () => counts,
    async close(deadlineMs) {
      isClosing = true;
      clearInterval(timer);
      await closeSessions(table, deadlineMs / 2);
      const closed = () => webSockets.clients.size === 0;
      const over = Promise.all([deps.cursors.flush(), deps.ends.flush(), become(closed, deadlineMs / 2)]);
      await Promise.race([over, pause(deadlineMs / 2, undefined, { ref: false })]);
      for (const written of [deps.cursors, deps.ends]) written.stop();
      for (const socket of webSockets.clients) socket.terminate();
    },
  };
}

function partsOf(given: MsyncServerDeps) {
  const { storage, codec, clock, log } = given;
  const { contents, queues, devices } = storage;
  const limits: MsyncLimits = { ...msyncLimits, ...given.limits };
  const faults = createFaultLog(log, clock);
  const encoded = createEncodedItems({ contents, codec, faults });
  const ends = createWriteBehind<EndedSession>({
    write: (batch) => devices.end(batch),
    gatherMs: limits.writeGatherMs,
    againMs: limits.writeAgainMs,
    waitingMax: limits.writesWaitingMax,
    batchMax: limits.writeRowsMax,
    onFault: (fault) => faults.tell(fault, 'ends of sessions could not be written; trying on'),
  });
  const parts: SessionDeps = {
    ...given,
    limits,
    faults,
    ends,
    devices,
    queues,
    counts: zeroCounts(),
    table: new SessionTable(),
    strangers: new Strangers(),
    loginRates: new UserRates({ atOnce: limits.loginsAtOnceMax, perSecond: limits.loginsPerSecond }),
    cursors: createCursorWriter(devices, limits, faults),
    nextKeyTurn: createKeyTurns(),
    chatKinds: createChatKinds(storage.chats, limits.chatKindsMax),
    readPage: createReadPage(queues, encoded, clock, limits),
  };
  return parts;
}

function attach(deps: SessionDeps, socket: WebSocket, ip: string): Session {
  const session = new Session(deps, socket, ip);
  socket.binaryType = 'nodebuffer';
  socket.on('message', (data, isBinary) => session.receive(data as Buffer, isBinary));
  socket.on('pong', () => session.heard());
  socket.on('close', () => session.end('left'));
  // ws closes the socket by itself, with the code that fits: 1009 for a frame too large, 1002 for a broken one.
  socket.on('error', () => session.end('malformed'));
  return session;
}

/** ws has one bound for all frames, and holds what has come of one; whoever has not logged in is to cost less. */
function limitStranger(session: Session, socket: WebSocket, raw: Duplex, limits: MsyncLimits): void {
  let bytes = 0;
  const count = (piece: Buffer) => {
    bytes += piece.length;
    if (session.login !== undefined) raw.off('data', count);
    else if (bytes > limits.frameBytesMax) {
      session.end('malformed');
      socket.terminate();
    }
  };
  raw.on('data', count);
}
