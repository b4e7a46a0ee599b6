// @ts-check
// node bench/scale/simulate.mjs: what so many messages a day need, as a discrete-event simulation. Its service
// times are measured figures of docs/scale.md; every one of them is an option.
import { parseArgs } from 'node:util';
import { dayNeeds } from './day.mjs';
import { defaults } from './figures.mjs';
import { simulateDay, simulateMachine } from './simulation.mjs';

const usage = Object.entries(defaults)
  .map(([name, { value, what }]) => `  --${name.padEnd(22)} ${what} (${value})`)
  .join('\n');

/** @returns {Record<keyof typeof defaults, number>} */
function readFigures() {
  const names = Object.keys(defaults);
  const { values } = parseArgs({
    options: Object.fromEntries([...names, 'help'].map((name) => [name, name === 'help' ? flag : text])),
  });
  if (values.help) {
    console.log(`node bench/scale/simulate.mjs [options]\n${usage}`);
    process.exit(0);
  }
  return /** @type {any} */ (
    Object.fromEntries(
      Object.entries(defaults).map(([name, { value }]) => [name, Number(values[name] ?? value)]),
    )
  );
}

const text = /** @type {const} */ ({ type: 'string' });
const flag = /** @type {const} */ ({ type: 'boolean' });

const figures = readFigures();
if (figures.connections > 0) console.log(simulateMachine(figures));
else console.log(`${dayNeeds(figures)}\n\n${simulateDay(figures)}`);
