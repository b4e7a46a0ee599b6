import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server that can be cut: what goes through it is not looked at. */
export interface TcpProxy {
  readonly url: string;
  /** Resets every connection that there is. New ones get through. */
  cut(): void;
  /**
   * Lets nothing more through to one of the two ends, on every connection that there is; what is sent
   * there waits for `flow`. New ones get through.
   */
  stall(end: 'server' | 'client'): void;
  /** Lets everything through that waits. */
  flow(): void;
  /** Resets them, and every new one too, until `open`. */
  shut(): void;
  open(): void;
  /** New connections lead to another server. */
  leadTo(serverUrl: string): void;
  close(): Promise<void>;
}

/** One end of a connection, and where its bytes go. */
interface End {
  readonly of: 'server' | 'client';
  readonly socket: Socket;
  readonly other: Socket;
}

export async function openTcpProxy(serverUrl: string): Promise<TcpProxy> {
  const ends = new Set<End>();
  let target = new URL(serverUrl);
  let isShut = false;

  function join(end: End): void {
    const { socket, other } = end;
    ends.add(end);
    // A reset of one side is one of the other.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      ends.delete(end);
      other.destroy();
    });
    socket.pipe(other);
  }

  const listener = net.createServer((client) => {
    if (isShut) return void client.resetAndDestroy();
    const server = net.connect(Number(target.port), target.hostname);
    join({ of: 'client', socket: client, other: server });
    join({ of: 'server', socket: server, other: client });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const cut = () => {
    for (const { socket } of ends) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    cut,
    stall(end) {
      for (const { of, socket, other } of ends) {
        if (of !== end) socket.unpipe(other);
      }
    },
    flow() {
      for (const { socket, other } of ends) socket.unpipe(other).pipe(other);
    },
    shut() {
      isShut = true;
      cut();
    },
    open() {
      isShut = false;
    },
    leadTo(url) {
      target = new URL(url);
    },
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
    },
  };
}
