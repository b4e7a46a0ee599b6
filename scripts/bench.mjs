// npm run bench: set up if needed, then measure recalld against others. Arguments go to the benchmark.
import { runNode } from './lib/process.mjs';
import { setup } from './lib/setup.mjs';

await setup();
process.exitCode = await runNode('bench/main.mjs', process.argv.slice(2));
