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
 * skipped test is a failure too.
 *
 * @param {{ testResults: TestFile[] } | undefined} report undefined when vitest wrote none
 * @param {{ exitCode: number, everySuiteMustRun: boolean }} run
 * @returns {Counts}
 */
export function countTests(report, { exitCode, everySuiteMustRun }) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) =>
    file.assertionResults.map((test) => ({ file: file.name.replace(root, ''), ...test })),
  );
  const left = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
  const unloaded = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failed = tests.filter((test) => test.status === 'failed').length + unloaded.length;
  const notes = left.map((test) => `skipped: ${test.file} > ${test.fullName}`);
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
 * `N passed, N failed`, and `, N skipped` when some were.
 *
 * @param {Counts} counts
 */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
