// @ts-check

/** Colours are for a person at a terminal who did not ask to go without (no-color.org). */
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

/**
 * @param {number} code of the terminal's graphics rendition
 * @returns {(text: string) => string}
 */
function style(code) {
  return (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
}

const bold = style(1);
const dim = style(2);
const green = style(32);
const red = style(31);

let steps = 0;

/** @param {string} text */
export function title(text) {
  console.log(bold(text));
}

/** @param {string} what the next step is about */
export function step(what) {
  steps += 1;
  console.log(`\n${bold(`${steps}. ${what}`)}`);
}

/** @param {string} sentence */
export function say(sentence) {
  console.log(`   ${sentence}`);
}

/**
 * A JSON object, one line for each of its fields.
 *
 * @param {object} value
 */
export function show(value) {
  const fields = Object.entries(value).map(
    ([name, field]) => `  ${JSON.stringify(name)}: ${JSON.stringify(field)}`,
  );
  for (const line of `{\n${fields.join(',\n')}\n}`.split('\n')) console.log(`     ${dim(line)}`);
}

/**
 * Something that the demo found to be so.
 *
 * @param {string} sentence
 */
export function confirm(sentence) {
  console.log(`   ${green('✓')} ${sentence}`);
}

/** @param {string} sentence */
export function complain(sentence) {
  console.error(`\n${red('✗')} ${sentence}`);
}
