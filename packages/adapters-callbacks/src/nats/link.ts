import { DebugEvents, Events } from 'nats';
import type { ConnectionOptions, NatsConnection } from 'nats';
import type { Log } from '@recalld/domain';
import { pause, within } from '../timing/pause.js';
import { dial } from './dial.js';
import type { Dialed } from './dial.js';
import { parseNatsUrl } from './natsUrl.js';
import type { NatsAddress } from './natsUrl.js';

/** A connection while it stands. */
export interface LinkConnection {
  readonly nats: NatsConnection;
  /** Aborted when the connection breaks. */
  readonly lost: AbortSignal;
}

/** This process's one connection to the broker. It is made in the background, and again for ever. */
export interface NatsLink {
  connected(): boolean;
  /** Undefined while there is none. Another one after every reconnect. */
  current(): LinkConnection | undefined;
  /** Hears of each connection as it is made, and of the present one at once. Answers what ends the hearing. */
  onConnect(hear: (connection: LinkConnection) => void): () => void;
  /** The present connection or the next one; undefined when `ms`, `stop` or the link's end comes before it. */
  whenConnected(ms: number, stop?: AbortSignal): Promise<LinkConnection | undefined>;
  /** Resolves within a second or so, whatever the broker does. */
  close(): Promise<void>;
}

export interface NatsLinkDeps {
  /** As {@link parseNatsUrl} takes it. */
  readonly url: string;
  /** Hears when the connection is made, breaks, or cannot be made; never of a login. */
  readonly log: Log;
  /** What this process is called in the broker's lists. */
  readonly name: string;
}

/** A broker that answers no ping for so long is gone: two of them, at this distance. */
const pingIntervalMs = 2_000;
const connectTimeoutMs = 2_000;
const closeDeadlineMs = 1_000;

/** Where answers to this process come to: its own, so that an operator can keep others from hearing them. */
const inboxPrefix = '_INBOX_recalld';

/** 200 to 500 ms: short, and not all nodes at once. */
const reconnectWaitMs = () => 200 + Math.random() * 300;

/** @throws when the URL is none. */
export function createNatsLink({ url, log, name }: NatsLinkDeps): NatsLink {
  const address = parseNatsUrl(url);
  if (address === undefined) throw new Error('the URL of the NATS broker is not one');
  const options = optionsOf(address, name);
  const closing = new AbortController();
  const hearers = new Set<{ readonly hear: (connection: LinkConnection) => void }>();
  let dialed: Dialed | undefined;
  let standing: { readonly connection: LinkConnection; readonly breaks: AbortController } | undefined;

  void keep();

  async function keep(): Promise<void> {
    let told = false;
    while (!closing.signal.aborted) {
      try {
        dialed = await dial(options, closing.signal);
        told = false;
        await follow(dialed);
      } catch (err) {
        if (!told && !closing.signal.aborted)
          log.warn({ reason: reasonOf(err) }, 'NATS is not reachable; trying on');
        told = true;
      }
      await pause(reconnectWaitMs(), closing.signal);
    }
  }

  /** Resolves when the connection is over for good. */
  async function follow({ nats, cut }: Dialed): Promise<void> {
    if (closing.signal.aborted) return nats.close();
    void watch(nats, cut);
    stand(nats);
    await nats.closed();
    fall();
  }

  async function watch(nats: NatsConnection, cut: () => void): Promise<void> {
    for await (const { type, data } of nats.status()) {
      // The client would wait for what it has yet to write.
      if (type === DebugEvents.StaleConnection) cut();
      if (type === Events.Error) log.warn({ reason: data }, 'NATS refused something');
    }
  }

  function stand(opened: NatsConnection): void {
    fall();
    const breaks = new AbortController();
    standing = { connection: { nats: opened, lost: breaks.signal }, breaks };
    log.info({ server: opened.getServer() }, 'NATS is connected');
    for (const { hear } of [...hearers]) hear(standing.connection);
  }

  function fall(): void {
    if (standing === undefined) return;
    const { breaks } = standing;
    standing = undefined;
    if (!closing.signal.aborted) log.warn({}, 'NATS is not connected any more; reconnecting');
    breaks.abort();
  }

  function onConnect(hear: (connection: LinkConnection) => void): () => void {
    const hearer = { hear };
    hearers.add(hearer);
    if (standing !== undefined) hear(standing.connection);
    return () => {
      hearers.delete(hearer);
    };
  }

  async function whenConnected(ms: number, stop?: AbortSignal): Promise<LinkConnection | undefined> {
    const made = new AbortController();
    const endHearing = onConnect(() => made.abort());
    await pause(ms, AbortSignal.any([made.signal, closing.signal, ...(stop === undefined ? [] : [stop])]));
    endHearing();
    return standing?.connection;
  }

  return {
    connected: () => standing !== undefined,
    current: () => standing?.connection,
    onConnect,
    whenConnected,
    close: async () => {
      closing.abort();
      fall();
      if (dialed === undefined) return;
      await within(closeDeadlineMs, dialed.nats.close());
      dialed.cut();
    },
  };
}

function optionsOf({ servers, tls, login }: NatsAddress, name: string): ConnectionOptions {
  return {
    servers: [...servers],
    name,
    ...(tls ? { tls: {} } : {}),
    ...(login === undefined ? {} : 'token' in login ? login : { user: login.user, pass: login.password }),
    inboxPrefix,
    noEcho: true,
    noAsyncTraces: true,
    timeout: connectTimeoutMs,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
  };
}

/** One line; the client's errors name hosts and codes, never a login. */
function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
