// @ts-check
// npm run check: format, lint, types, architecture and dead code; every step runs, no tests.
import { runNode } from './lib/process.mjs';
import { toolPath } from './lib/project.mjs';
import { build, install, requireNode } from './lib/setup.mjs';

const sources = ['packages', 'apps', 'examples', 'tests'];

/** @typedef {{ name: string, run: () => Promise<number> }} Step */
/** @type {readonly Step[]} */
const steps = [
  { name: 'format (prettier)', run: tool('prettier', ['--check', '--log-level', 'warn', '.']) },
  { name: 'build (tsc -b)', run: build },
  {
    name: 'types, with tests (tsc)',
    run: tool('typescript', ['-p', 'tsconfig.check.json'], 'tsc'),
  },
  { name: 'lint (eslint)', run: tool('eslint', ['--max-warnings', '0', '.']) },
  {
    name: 'architecture (dependency-cruiser)',
    run: tool('dependency-cruiser', ['--config', '.dependency-cruiser.cjs', ...sources], 'depcruise'),
  },
  { name: 'dead code (knip)', run: tool('knip', []) },
];

/**
 * @param {string} packageName
 * @param {readonly string[]} args
 * @param {string} [command]
 */
function tool(packageName, args, command) {
  return () => runNode(toolPath(packageName, command), args);
}

requireNode();
await install();
const summary = [];
for (const { name, run } of steps) {
  console.log(`\n== ${name}`);
  const began = performance.now();
  const code = await run();
  if (code !== 0) process.exitCode = 1;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  summary.push(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name}  ${seconds} s`);
}
console.log(`\n== summary\n${summary.join('\n')}`);
