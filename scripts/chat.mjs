// npm run chat: set up if needed, then two users in a browser, on a server of their own.
import { runNode } from './lib/process.mjs';
import { setup } from './lib/setup.mjs';

await setup();
process.exitCode = await runNode('demo/chat.mjs', process.argv.slice(2));
