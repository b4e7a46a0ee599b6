// @ts-check
// recalls/s and sends/s over HTTP: recalld, a hand-written service of equal durability, bare node:http;
// recalld on PostgreSQL beside the embedded store; what becomes of both as the store grows; and connected devices.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/lib/project.mjs';
import { startChild } from './child.mjs';
import { measureConnections } from './connections/connections.mjs';
import { measureGrowth } from './growth/growth.mjs';
import { readOptions } from './options.mjs';
import { describeMachine } from './report/machine.mjs';
import { engineRatioTable, ratioTable, resultTable } from './report/tables.mjs';
import { takeQuietSample } from './sample.mjs';
import { postgresStores } from './stores.mjs';
import { engineRows, rows } from './targets.mjs';

/** @typedef {import('./targets.mjs').Row} Row */

const options = readOptions();
// Beside the repository and not in the system's temporary folder, which may be memory: an fsync must cost.
mkdirSync(join(root, 'data'), { recursive: true });
const folder = mkdtempSync(join(root, 'data', 'bench-'));
const postgres = postgresStores(folder);
const generator = startChild('load/generator.mjs');
const cleanUp = () => rmSync(folder, { recursive: true, force: true });
process.on('SIGINT', () => {
  cleanUp();
  process.exit(130);
});

try {
  console.log(`${describeMachine(folder, options)}\n`);
  for (const subject of options.subjects) {
    if (subject === 'growth') await measureGrowth({ folder, postgres, options });
    else if (subject === 'connections') await measureConnections({ folder, generator, options });
    else if (subject === 'postgres') await compareEngines();
    else console.log(`${await compare(subject, rowsOf(subject))}\n`);
  }
} finally {
  await generator.stop();
  await postgres.stop();
  cleanUp();
}

/** @param {'recall' | 'send'} operation */
function rowsOf(operation) {
  return rows[operation].filter(({ service }) => !options.profile || service === 'recalld');
}

async function compareEngines() {
  for (const operation of /** @type {const} */ (['send', 'recall'])) {
    console.log(`${await compare(operation, engineRows[operation], engineRatioTable)}\n`);
  }
}

/**
 * Every target once a round, in turn, so that whatever else the machine does meets all of them.
 *
 * @param {'recall' | 'send'} operation
 * @param {readonly Row[]} chosen
 * @param {typeof ratioTable} ratios
 * @returns the tables
 */
async function compare(operation, chosen, ratios = ratioTable) {
  /** @type {Map<Row, import('./sample.mjs').Result[]>} */
  const results = new Map(chosen.map((row) => [row, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const row of chosen) {
      const result = await takeQuietSample({ row, operation, folder, postgres, generator, options });
      results.get(row)?.push(result);
      const { perSecond, otherCpu } = result;
      console.log(
        `${operation} ${round}/${options.rounds}  ${row.label}, callbacks ${row.callbacks}: ` +
          `${Math.round(perSecond)}/s (other programs: ${otherCpu.toFixed(2)} cores)`,
      );
    }
  }
  const found = `\n${resultTable(operation, results)}\n`;
  return options.profile ? found : `${found}\n${ratios(operation, results)}`;
}
