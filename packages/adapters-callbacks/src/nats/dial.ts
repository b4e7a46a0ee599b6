import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { connect } from 'nats';
import type { ConnectionOptions, NatsConnection } from 'nats';

/** A connection to a broker, and the end of its socket. */
export interface Dialed {
  readonly nats: NatsConnection;
  /** Closes the socket at once, whatever waits to be written. */
  cut(): void;
}

/**
 * The sockets of one call of the client. It leaves those open that do not answer in time, one per try,
 * and gives nobody a way to reach them: they are caught as they are made.
 */
class Sockets {
  #made: Socket[] = [];
  #state: 'dialing' | 'standing' | 'over' = 'dialing';

  readonly add = (socket: Socket): void => {
    if (this.#state === 'dialing') this.#made.push(socket);
    // A stopped client may still try the next server of its list.
    if (this.#state === 'over') queueMicrotask(() => socket.destroy());
  };

  /** The last one is the connection's. What is made from now on in its wake is somebody else's. */
  stand(): void {
    this.#state = 'standing';
    for (const socket of this.#made.slice(0, -1)) socket.destroy();
    this.#made = this.#made.slice(-1);
  }

  cut(): void {
    if (this.#state === 'dialing') this.#state = 'over';
    for (const socket of this.#made) socket.destroy();
  }
}

const dialing = new AsyncLocalStorage<Sockets>();

subscribe('net.client.socket', (message) => {
  dialing.getStore()?.add((message as { readonly socket: Socket }).socket);
});

/**
 * Tries each server once. The connection does not reconnect by itself.
 * @throws when none answers, or `stop` is aborted; no socket is left then.
 */
export async function dial(options: ConnectionOptions, stop: AbortSignal): Promise<Dialed> {
  const sockets = new Sockets();
  const cut = () => sockets.cut();
  stop.addEventListener('abort', cut);
  try {
    stop.throwIfAborted();
    const nats = await dialing.run(sockets, () => connect({ ...options, reconnect: false }));
    sockets.stand();
    return { nats, cut };
  } catch (err) {
    cut();
    throw err;
  } finally {
    stop.removeEventListener('abort', cut);
  }
}
