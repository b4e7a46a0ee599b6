import type { Log } from '@recalld/domain';
import { afterEach } from 'vitest';
import { findNatsServer, startNatsServer } from '../../../../scripts/lib/natsServer.mjs';
import type { NatsServer } from '../../../../scripts/lib/natsServer.mjs';
import { createNatsLink } from '../nats/link.js';
import type { NatsLink } from '../nats/link.js';

/** For `describe.skipIf`: `npm test` says how to get the program. */
export const noNatsServer = findNatsServer() === undefined;

/** Everything that a test opens, closed after it, the last one first; also when closing one fails. */
export function useClosing() {
  const closers: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    const failures: unknown[] = [];
    for (const close of closers.splice(0).reverse()) {
      await Promise.resolve()
        .then(close)
        .catch((err: unknown) => failures.push(err));
    }
    if (failures.length > 0) throw failures[0];
  });

  async function broker(options: Parameters<typeof startNatsServer>[0] = {}): Promise<NatsServer> {
    const server = await startNatsServer(options);
    closers.push(() => server.stop());
    return server;
  }

  function link(url: string, log: Log = silentLog()): NatsLink {
    const opened = createNatsLink({ url, log, name: 'recalld test' });
    closers.push(() => opened.close());
    return opened;
  }

  return { broker, link, afterwards: (close: () => Promise<unknown> | void) => void closers.push(close) };
}

export function silentLog(): Log {
  const nothing = () => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: nothing };
}

/** A log that keeps its lines as they would be written. */
export function keptLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { debug: keep, info: keep, warn: keep, error: keep, lines };
}
