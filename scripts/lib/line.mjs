// @ts-check
// A line between a process and a server that it needs, which can be cut, or swallow everything.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** @typedef {Awaited<ReturnType<typeof openLine>>} Line */

/**
 * Forwards connections from a port of its own to one of 127.0.0.1.
 *
 * @param {number} port where it leads
 * @param {string} [host] the address that it is reached at
 */
export async function openLine(port, host = '127.0.0.1') {
  /** @type {Set<import('node:net').Socket>} */
  const ends = new Set();
  /** Ends of connections whose other end was closed while the line was silent. */
  const pending = /** @type {Set<import('node:net').Socket>} */ (new Set());
  /** @type {'open' | 'cut' | 'silent'} */
  let state = 'open';

  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(port, '127.0.0.1');
    for (const [end, other] of /** @type {const} */ ([
      [near, far],
      [far, near],
    ])) {
      ends.add(end);
      end.setNoDelay(true);
      end.on('error', () => undefined);
      end.on('data', (bytes) => void other.write(bytes));
      end.on('close', () => {
        ends.delete(end);
        // Across a silent line nobody hears of an end either.
        if (state === 'silent') pending.add(other);
        else other.destroy();
      });
      if (state === 'silent') end.pause();
    }
  });
  server.listen(0, host);
  await once(server, 'listening');
  const own = /** @type {import('node:net').AddressInfo} */ (server.address()).port;

  return {
    port: own,
    /** The same URL, by this line. @param {string} url */
    url(url) {
      const changed = new URL(url);
      changed.hostname = host;
      changed.port = String(own);
      return changed.href;
    },
    /** Ends every connection, and takes no new one. */
    cut() {
      state = 'cut';
      for (const end of ends) end.destroy();
    },
    /** Connections stay, and are made; nothing that is sent arrives, nor that one has ended. */
    silence() {
      state = 'silent';
      for (const end of ends) end.pause();
    },
    /** Everything arrives again, what was swallowed first. */
    restore() {
      state = 'open';
      for (const end of pending) end.destroy();
      pending.clear();
      for (const end of ends) end.resume();
    },
    async close() {
      state = 'cut';
      for (const end of ends) end.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
