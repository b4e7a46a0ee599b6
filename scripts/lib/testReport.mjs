// @ts-check
import { root } from './project.mjs';

/**
 * @typedef {{ status: string, fullName: string }} Test
 * @typedef {{ name: string, status: string, assertionResults: Test[] }} TestFile
 * @typedef {{ passed: number, failed: number, skipped: number, notes: string[] }} Counts
 */

/**
 * Counts a vitest JSON report. A file that could not be loaded is one failure, and so is a run that
 * ended badly though every test passed (an unhandled rejection). Where every suite must run, a
 * skipped test is a failure too. `hints` say how to get what this machine lacks; they are given when
 * something was skipped.
 *
 * @param {{ testResults: TestFile[] } | undefined} report undefined when vitest wrote none
 * @param {{ exitCode: number, everySuiteMustRun: boolean, hints?: readonly string[] }} run
 * @returns {Counts}
 */
export function countTests(report, { exitCode, everySuiteMustRun, hints = [] }) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) =>
    file.assertionResults.map((test) => ({ file: file.name.replace(root, ''), ...test })),
  );
  const left = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
  const unloaded = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failed = tests.filter((test) => test.status === 'failed').length + unloaded.length;
  const notes = [...skippedNotes(tests, left), ...(left.length > 0 ? hints : [])];
  if (left.length > 0 && everySuiteMustRun) notes.push('CI=true: what was skipped counts as failed.');
  const asFailed = failed + (everySuiteMustRun ? left.length : 0);
  return {
    passed,
    failed: asFailed === 0 && exitCode !== 0 ? 1 : asFailed,
    skipped: everySuiteMustRun ? 0 : left.length,
    notes,
  };
}

/**
 * One line for a file of which nothing was run, else one for each test that was not.
 *
 * @typedef {{ file: string, fullName: string }} Named
 * @param {readonly Named[]} tests
 * @param {readonly Named[]} left
 */
function skippedNotes(tests, left) {
  const files = [...new Set(left.map(({ file }) => file))];
  return files.flatMap((file) => {
    const skipped = left.filter((test) => test.file === file);
    return tests.filter((test) => test.file === file).length === skipped.length
      ? [`skipped: ${file}, all ${skipped.length} tests`]
      : skipped.map(({ fullName }) => `skipped: ${file} > ${fullName}`);
  });
}

/**
 * `N passed, N failed`, and `, N skipped` when some were.
 *
 * @param {Counts} counts
 */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
