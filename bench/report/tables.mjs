// @ts-check

/** @typedef {import('../targets.mjs').Row} Row */
/** @typedef {import('../sample.mjs').Result} Result */

/** What the design is held to, against each of the others. */
const targets = { 'hand-written': 6, bare: 0.45 };

/**
 * @param {'recall' | 'send'} operation
 * @param {Map<Row, Result[]>} results
 */
export function resultTable(operation, results) {
  const hasDatabase = [...results.values()].flat().some(({ databaseCpu }) => databaseCpu > 0);
  const head = [
    'service',
    'callbacks',
    `${operation}s/s median (min-max)`,
    'p50 ms',
    'p99 ms',
    'callbacks/s',
    'server cores',
    'us CPU each',
    ...(hasDatabase ? ['database cores', 'us database CPU each'] : []),
    'generator cores',
    'other cores',
  ];
  const lines = [...results].map(([row, samples]) => {
    /** @param {(result: Result) => number} of */
    const middle = (of) => median(samples.map(of));
    const rate = samples.map(({ perSecond }) => perSecond);
    return [
      row.label,
      row.callbacks,
      `${count(median(rate))} (${count(Math.min(...rate))}-${count(Math.max(...rate))})`,
      middle(({ p50 }) => p50).toFixed(2),
      middle(({ p99 }) => p99).toFixed(1),
      count(middle(({ deliveredPerSecond }) => deliveredPerSecond)),
      middle(({ serverCpu }) => serverCpu).toFixed(2),
      middle(({ serverCpu, perSecond }) => (serverCpu * 1e6) / perSecond).toFixed(1),
      ...(hasDatabase
        ? [
            middle(({ databaseCpu }) => databaseCpu).toFixed(2),
            middle(({ databaseCpu, perSecond }) => (databaseCpu * 1e6) / perSecond).toFixed(1),
          ]
        : []),
      middle(({ generatorCpu }) => generatorCpu).toFixed(2),
      Math.max(...samples.map(({ otherCpu }) => otherCpu)).toFixed(2),
    ];
  });
  return table([head, ...lines]);
}

/**
 * Each recalld row against each of the others; ratios of medians, and of the rounds one by one.
 *
 * @param {'recall' | 'send'} operation
 * @param {Map<Row, Result[]>} results
 */
export function ratioTable(operation, results) {
  const head = [`${operation}s/s, recalld against`, 'callbacks', 'ratio (by round)', 'target', 'verdict'];
  const lines = [];
  for (const [service, target] of Object.entries(targets)) {
    const other = [...results].find(([row]) => row.service === service)?.[1] ?? [];
    for (const [row, samples] of results) {
      if (row.service !== 'recalld') continue;
      const ratio = rate(samples) / rate(other);
      const rounds = samples.map(({ perSecond }, round) => perSecond / (other[round]?.perSecond ?? NaN));
      lines.push([
        service === 'bare' ? 'bare node:http' : 'the hand-written service',
        row.callbacks,
        `${ratio.toFixed(2)} (${Math.min(...rounds).toFixed(2)}-${Math.max(...rounds).toFixed(2)})`,
        `>= ${target}`,
        ratio >= target ? 'pass' : 'FAIL',
      ]);
    }
  }
  return table([head, ...lines]);
}

/**
 * PostgreSQL against the embedded store, and several nodes against one, whose callbacks are the same.
 *
 * @param {'recall' | 'send'} operation
 * @param {Map<Row, Result[]>} results
 */
export function engineRatioTable(operation, results) {
  const lines = [...results].flatMap(([row, samples]) =>
    [...results]
      .filter(([other]) => other.callbacks === row.callbacks && other !== row)
      .filter(([other]) => other.label < row.label)
      .map(([other, others]) => {
        const rounds = samples.map(({ perSecond }, round) => perSecond / (others[round]?.perSecond ?? NaN));
        return [
          row.label,
          other.label,
          row.callbacks,
          `${median(rounds).toFixed(2)} (${Math.min(...rounds).toFixed(2)}-${Math.max(...rounds).toFixed(2)})`,
        ];
      }),
  );
  return table([[`${operation}s/s of`, 'against', 'callbacks', 'ratio (by round)'], ...lines]);
}

/** @param {readonly Result[]} samples */
function rate(samples) {
  return median(samples.map(({ perSecond }) => perSecond));
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? NaN;
  return (low + high) / 2;
}

/** @param {number} value */
export function count(value) {
  return Math.round(value).toLocaleString('en-US');
}

/**
 * A Markdown table whose columns line up.
 *
 * @param {readonly (readonly string[])[]} lines the head first
 */
export function table(lines) {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(3, ...lines.map((cells) => (cells[column] ?? '').length)),
  );
  /** @param {readonly string[]} cells */
  const text = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = text(widths.map((width) => '-'.repeat(width)));
  const [head = [], ...body] = lines;
  return [text(head), rule, ...body.map(text)].join('\n');
}
