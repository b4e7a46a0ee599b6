// @ts-check
// npm start: set up if needed, then run the server in the foreground.
import { runNode } from './lib/process.mjs';
import { setup } from './lib/setup.mjs';

await setup();
process.exitCode = await runNode('apps/server/dist/main.js', process.argv.slice(2));
