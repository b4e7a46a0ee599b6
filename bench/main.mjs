// @ts-check
// recalls/s and sends/s over HTTP: recalld, a hand-written service of equal durability, bare node:http.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/lib/project.mjs';
import { startChild } from './child.mjs';
import { readOptions } from './options.mjs';
import { describeMachine } from './report/machine.mjs';
import { ratioTable, resultTable } from './report/tables.mjs';
import { takeQuietSample } from './sample.mjs';
import { rows } from './targets.mjs';

const options = readOptions();
// Beside the repository and not in the system's temporary folder, which may be memory: an fsync must cost.
mkdirSync(join(root, 'data'), { recursive: true });
const folder = mkdtempSync(join(root, 'data', 'bench-'));
const generator = startChild('load/generator.mjs');
const cleanUp = () => rmSync(folder, { recursive: true, force: true });
process.on('SIGINT', () => {
  cleanUp();
  process.exit(130);
});

try {
  console.log(`${describeMachine(folder, options)}\n`);
  for (const operation of options.operations) await compare(operation);
} finally {
  await generator.stop();
  cleanUp();
}

/**
 * Every target once a round, in turn, so that whatever else the machine does meets all of them.
 *
 * @param {'recall' | 'send'} operation
 */
async function compare(operation) {
  const chosen = rows[operation].filter(({ service }) => !options.profile || service === 'recalld');
  /** @type {Map<import('./targets.mjs').Row, import('./sample.mjs').Result[]>} */
  const results = new Map(chosen.map((row) => [row, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const row of chosen) {
      const result = await takeQuietSample({ row, operation, folder, generator, options });
      results.get(row)?.push(result);
      const { perSecond, otherCpu } = result;
      console.log(
        `${operation} ${round}/${options.rounds}  ${row.label}, callbacks ${row.callbacks}: ` +
          `${Math.round(perSecond)}/s (other programs: ${otherCpu.toFixed(2)} cores)`,
      );
    }
  }
  console.log(`\n${resultTable(operation, results)}\n`);
  if (!options.profile) console.log(`${ratioTable(operation, results)}\n`);
}
