// npm run demo: set up if needed, then show the main job from end to end.
import { runNode } from './lib/process.mjs';
import { setup } from './lib/setup.mjs';

await setup();
process.exitCode = await runNode('demo/main.mjs', process.argv.slice(2));
