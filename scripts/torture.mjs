// npm run torture: set up if needed, then treat the server and its receivers as badly as we can. Arguments go to it.
import { provideNatsServer } from './lib/natsServer.mjs';
import { runNode } from './lib/process.mjs';
import { setup } from './lib/setup.mjs';

await setup();
// Not before: it needs a package that the setup installs.
const { providePostgres } = await import('./lib/postgresServer.mjs');
provideNatsServer();
providePostgres();
process.exitCode = await runNode('torture/main.mjs', process.argv.slice(2));
