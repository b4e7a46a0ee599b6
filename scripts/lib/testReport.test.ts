import { describe, expect, it } from 'vitest';
import { countTests, summaryLine } from './testReport.mjs';

const here = { exitCode: 0, everySuiteMustRun: false };

function file(...statuses: string[]) {
  const assertionResults = statuses.map((status, index) => ({ status, fullName: `test ${index}` }));
  return { name: 'a.test.ts', status: statuses.includes('failed') ? 'failed' : 'passed', assertionResults };
}

describe('the last line of npm test', () => {
  it('counts passed and failed tests', () => {
    const counts = countTests({ testResults: [file('passed', 'failed'), file('passed')] }, here);

    expect(summaryLine(counts)).toBe('2 passed, 1 failed');
  });

  it('tells what was skipped, by name', () => {
    const counts = countTests({ testResults: [file('passed', 'skipped', 'todo')] }, here);

    expect(summaryLine(counts)).toBe('1 passed, 0 failed, 2 skipped');
    expect(counts.notes).toEqual(['skipped: a.test.ts > test 1', 'skipped: a.test.ts > test 2']);
  });

  it('tells of a file of which nothing was run once, and how to get what it wants', () => {
    const report = { testResults: [file('skipped', 'skipped'), { ...file('passed'), name: 'b.test.ts' }] };

    const counts = countTests(report, { ...here, hints: ['install it'] });

    expect(counts.notes).toEqual(['skipped: a.test.ts, all 2 tests', 'install it']);
    const complete = countTests({ testResults: [file('passed')] }, { ...here, hints: ['install it'] });
    expect(complete.notes).toEqual([]);
  });

  it('counts a skipped test as failed where every suite must run', () => {
    const report = { testResults: [file('passed', 'skipped')] };

    expect(summaryLine(countTests(report, { exitCode: 0, everySuiteMustRun: true }))).toBe(
      '1 passed, 1 failed',
    );
  });

  it('counts a file that could not be loaded as one failure', () => {
    const unloaded = { name: 'b.test.ts', status: 'failed', assertionResults: [] };

    const counts = countTests({ testResults: [file('passed'), unloaded] }, { ...here, exitCode: 1 });

    expect(summaryLine(counts)).toBe('1 passed, 1 failed');
  });

  it.each([
    ['all tests passed', { testResults: [file('passed')] }, '1 passed, 1 failed'],
    ['nothing was reported', undefined, '0 passed, 1 failed'],
  ])('has a failure when the run ended badly though %s', (_, report, line) => {
    expect(summaryLine(countTests(report, { ...here, exitCode: 1 }))).toBe(line);
  });
});
