import { createNatsLink, redrive as publishAgain } from '@recalld/adapters-callbacks';
import { createSecretBox } from '@recalld/adapters-security';
import { openSqliteForReading } from '@recalld/adapters-storage';
import type { Log } from '@recalld/domain';
import { createRequests } from '../callbackRequests.js';
import { readConfig } from '../config.js';
import type { Config, NatsConfig } from '../config.js';
import { ConfigError } from '../configValues.js';
import { findSecretKeys } from '../secretKey.js';
import { exitCodes } from './command.js';
import type { Command, Terminal } from './command.js';
import { rangeIn, readRedriveOptions } from './redriveOptions.js';
import type { RedriveOptions } from './redriveOptions.js';

export const redrive: Command = {
  summary: 'publish a range of the log on NATS again',
  usage: [
    'usage: recalld redrive --since TIME|--from POSITION [--until TIME|--through POSITION] [--feed events|callbacks]',
    '',
    'Publishes events and callbacks of the log on NATS again, under the ids that they always had: what the',
    'streams still hold is not doubled. Works beside a running server, or without one.',
    '',
    '  --since TIME        from the first event at or after it: 2026-03-01T08:00:00Z, 2026-03-01 (UTC), or ms since 1970',
    '  --from POSITION     from this position of the log on; 1 is the first',
    '  --until TIME        up to the last event before it; left out, as far as the log goes',
    '  --through POSITION  up to this position, with it',
    '  --feed FEED         events or callbacks; left out, both',
    '',
    'Takes RECALLD_NATS_URL, RECALLD_DATA_DIR, RECALLD_DATABASE_URL and RECALLD_SECRET_KEY like the server.',
    'Ends with 0 when all is published, 64 for a wrong line, 69 when NATS does not answer, 78 for a wrong environment.',
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

/** How long to wait for a broker that is there. */
const connectMs = 10_000;

async function redriveOn(
  nats: NatsConfig,
  config: Config,
  options: RedriveOptions,
  terminal: Terminal,
): Promise<number> {
  const clock = { now: () => Date.now() };
  const { present, previous } = findSecretKeys(config);
  const storage = await openSqliteForReading({ databasePath: config.databasePath, clock });
  const link = createNatsLink({ url: nats.url, log: logOn(terminal), name: 'recalld redrive' });
  try {
    const range = await rangeIn(storage.log, options);
    if (range === undefined) {
      terminal.out('redrive: the log has nothing in this range');
      return exitCodes.done;
    }
    await connected(link, terminal.interrupted);
    const requests = createRequests(createSecretBox(present, previous), storage, clock);
    const { log, checkpoints, apps, deliveryReader } = storage;
    const result = await publishAgain(
      {
        link,
        log,
        checkpoints,
        apps,
        deliveryReader,
        requests,
        clock,
        logger: logOn(terminal),
        streams: streamsOf(nats),
      },
      {
        ...range,
        feeds: options.feeds,
        onProgress: progressOn(terminal),
        signal: terminal.interrupted,
      },
    );
    return summed(result, range, terminal);
  } finally {
    await link.close();
    await storage.close();
  }
}
