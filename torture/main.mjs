// @ts-check
// What the callbacks promise, tried by force: a storm of kills over a rude receiver and a broker that is killed,
// paused and wiped; several nodes that die and stand still, and their database with them; a neighbour that hangs; addresses that must not be reached; and devices that are cut off. Ends with a table.
import { addresses } from './addresses.mjs';
import { devices } from './devices.mjs';
import { neighbours } from './neighbours.mjs';
import { nodes } from './nodes.mjs';
import { readOptions } from './options.mjs';
import { storm } from './storm.mjs';
import { summary } from './verdict.mjs';

const options = readOptions();
const scenarios = { storm, nodes, neighbours, addresses, devices };
const verdicts = [];
for (const name of options.scenarios) {
  console.log(`\n${name}`);
  verdicts.push(...(await scenarios[name](options)));
}
console.log(`\n${summary(verdicts)}`);
// Whatever a broken scenario left behind must not keep this process.
process.exit(verdicts.some(({ holds }) => holds === false) ? 1 : 0);
