// @ts-check

/** @typedef {{ scenario: string, claim: string, figure: string, holds: boolean | undefined }} Verdict */

/**
 * One row of the summary; `holds` is undefined where this run only shows a figure.
 *
 * @param {string} scenario
 * @param {string} claim
 * @param {string} figure
 * @param {boolean | undefined} holds
 * @returns {Verdict}
 */
export function verdict(scenario, claim, figure, holds) {
  return { scenario, claim, figure, holds };
}

/** @param {readonly Verdict[]} verdicts */
export function summary(verdicts) {
  const rows = verdicts.map(({ scenario, claim, figure, holds }) => [
    scenario,
    claim,
    figure,
    holds === undefined ? 'shown' : holds ? 'holds' : 'BROKEN',
  ]);
  const table = [['scenario', 'claim', 'figure', 'verdict'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [head = [], ...body] = table;
  return [line(head), rule, ...body.map(line)].join('\n');
}
