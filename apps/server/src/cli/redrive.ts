import { createNatsLink, redrive as publishAgain } from '@recalld/adapters-callbacks';
import type { NatsLink, RedriveProgress } from '@recalld/adapters-callbacks';
import { createSecretBox } from '@recalld/adapters-security';
import type { Log } from '@recalld/domain';
import { createRequests } from '../callbackRequests.js';
import { readConfig } from '../config.js';
import type { Config, NatsConfig } from '../config.js';
import { ConfigError } from '../configValues.js';
import { streamOptions } from '../feed.js';
import { findSecretKeys } from '../secretKey.js';
import { exitCodes, Unavailable } from './command.js';
import type { Command, Terminal } from './command.js';
import { openReading } from './reading.js';
import { rangeIn, readRedriveOptions } from './redriveOptions.js';
import type { RedriveOptions } from './redriveOptions.js';
import { createTerminalLog } from './terminalLog.js';

export const redrive: Command = {
  summary: 'publish a range of the log on NATS again',
  usage: [
    'usage: recalld redrive --since TIME|--from POSITION [--until TIME|--through POSITION] [--feed events|callbacks]',
    '',
    'Publishes events and callbacks of the log on NATS again, under the ids that they always had, beside a',
    'running server or without one. What a stream took in the last minutes is not doubled; what it took',
    'before is there twice then, under one id.',
    '',
    '  --since TIME        from the first event at or after it: 2026-03-01T08:00:00Z, 2026-03-01 (UTC), or ms since 1970',
    '  --from POSITION     from this position of the log on; 1 is the first',
    '  --until TIME        up to the last event before it; left out, as far as the log goes',
    '  --through POSITION  up to this position, with it',
    '  --feed FEED         events or callbacks; left out, both',
    '',
    'Takes RECALLD_NATS_URL, RECALLD_DATA_DIR, RECALLD_DATABASE_URL and RECALLD_SECRET_KEY like the server.',
    'Ends with 0 when all is published, 64 for a wrong line, 69 when NATS or the database does not answer, 78 for a wrong environment.',
  ].join('\n'),

  async run(args, env, terminal) {
    const options = readRedriveOptions(args);
    const config = readConfig(env);
    if (config.nats === null) {
      throw new ConfigError(
        'RECALLD_NATS_URL is not set; it takes the URL of the NATS servers to publish on',
      );
    }
    return redriveOn(config.nats, config, options, terminal);
  },
};

async function redriveOn(
  nats: NatsConfig,
  config: Config,
  options: RedriveOptions,
  terminal: Terminal,
): Promise<number> {
  const { present, previous } = findSecretKeys(config);
  const box = createSecretBox(present, previous);
  const clock = { now: () => Date.now() };
  const log = quietLog(terminal);
  const storage = await openReading(config, log);
  const link = createNatsLink({ url: nats.url, log, name: 'recalld redrive' });
  const progress = progressOn(terminal);
  try {
    const range = await rangeIn(storage.log, options);
    if (range === undefined) {
      terminal.out('redrive: the log has nothing in this range');
      return exitCodes.done;
    }
    await connected(link, terminal.interrupted);
    const { published, duplicates } = await publishAgain(
      {
        link,
        eventLog: storage.log,
        apps: storage.apps,
        deliveryReader: storage.deliveryReader,
        requests: createRequests(box, storage, clock),
        clock,
        log,
        streams: streamOptions(nats),
      },
      { ...range, feeds: options.feeds, onProgress: progress.show, stop: terminal.interrupted },
    );
    const positions = `positions ${range.from} to ${range.through}`;
    terminal.out(`redrive: ${positions}: ${published} published, ${duplicates} there already`);
    return exitCodes.done;
  } catch (fault) {
    if (terminal.interrupted.aborted) {
      terminal.err(`redrive: interrupted ${progress.reached()}`);
      return exitCodes.interrupted;
    }
    if (fault instanceof Error && !link.connected()) {
      throw new Unavailable(`NATS does not answer: stopped ${progress.reached()}`);
    }
    throw fault;
  } finally {
    await link.close();
    await storage.close();
  }
}

/** How long a broker that is there may take. */
const connectMs = 10_000;

/** @throws Unavailable; returns early when it is interrupted. */
async function connected(link: NatsLink, interrupted: AbortSignal): Promise<void> {
  const connection = await link.whenConnected(connectMs, interrupted);
  if (connection === undefined && !interrupted.aborted) {
    throw new Unavailable(`no NATS server of RECALLD_NATS_URL answers within ${connectMs / 1000} seconds`);
  }
}

const progressEveryMs = 1_000;

/** A line now and then, and where it is when it ends early. */
function progressOn({ err }: Terminal) {
  let last: RedriveProgress | undefined;
  let shownAt = performance.now();
  return {
    show(progress: RedriveProgress): void {
      last = progress;
      if (performance.now() - shownAt < progressEveryMs) return;
      shownAt = performance.now();
      const { feed, position, published, duplicates } = progress;
      err(
        `redrive: ${feed} through position ${position}: ${published} published, ${duplicates} there already`,
      );
    },
    reached: () =>
      last === undefined
        ? 'before anything was published'
        : `in ${last.feed} after position ${last.position}`,
  };
}

/** What may be wrong; how far it is, is told by the progress. */
function quietLog(terminal: Terminal): Log {
  return { ...createTerminalLog('redrive', terminal), info: () => undefined };
}
