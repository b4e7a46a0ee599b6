// @ts-check
// npm test: set up if needed, run every test; the last line counts them. Arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumHint, findChromium, provideChromium } from './lib/chromium.mjs';
import { findNatsServer, natsServerHint, provideNatsServer } from './lib/natsServer.mjs';
import { runNode } from './lib/process.mjs';
import { toolPath } from './lib/project.mjs';
import { setup } from './lib/setup.mjs';
import { countTests, summaryLine } from './lib/testReport.mjs';

/** Where a suite may not be left out for want of a tool on the machine. */
const everySuiteMustRun = process.env.CI === 'true';

await setup();
// Not before: it needs a package that the setup installs.
const { findPostgres, postgresHint, providePostgres } = await import('./lib/postgresServer.mjs');
provideNatsServer();
providePostgres();
provideChromium();
const folder = mkdtempSync(join(tmpdir(), 'recalld-test-'));
const reportFile = join(folder, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
const exitCode = await runNode(toolPath('vitest'), ['run', ...reporters, ...process.argv.slice(2)]);
const hints = [
  ...(findNatsServer() === undefined ? [natsServerHint] : []),
  ...(findPostgres() === undefined ? [postgresHint] : []),
  ...(findChromium() === undefined ? [chromiumHint] : []),
];
const counts = countTests(readReport(), { exitCode, everySuiteMustRun, hints });
rmSync(folder, { recursive: true, force: true });

for (const note of counts.notes) console.log(note);
console.log(summaryLine(counts));
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    return undefined;
  }
}
