import { boot } from './boot.js';
import { readConfig } from './config.js';
import { createLog } from './log.js';
import { misconfigurationIn } from './misconfiguration.js';

/** Exit code of a start that the environment, the data folder or the database forbids. */
const misconfigured = 78;
/** A stop that takes longer is cut off. */
const stopMs = 9_500;

/** Plain lines for the person who starts it: secrets never go through the logs. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(): Promise<void> {
  // Whatever is written below holds somebody's messages or secrets.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = createLog(config.logLevel, process.stdout.isTTY);
  const server = await boot(config, log, say);
  const url = await server.start(config.host, config.port);

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), stopMs).unref();
    void server.stop().then(
      () => process.exit(0),
      (fault: unknown) => {
        log.error({ err: fault }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Not before: whoever reads this may stop it at once.
  say(`recalld listens on ${url}`);
}

try {
  await run();
} catch (fault) {
  // One line for whoever starts the server; a fault of the product shows where it came from.
  const told = misconfigurationIn(fault);
  process.stderr.write(`recalld: ${told ?? (fault instanceof Error ? fault.stack : String(fault))}\n`);
  process.exit(told === undefined ? 1 : misconfigured);
}
