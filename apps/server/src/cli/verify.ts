import { parseArgs } from 'node:util';
import type { Reported } from '@recalld/adapters-storage';
import { readConfig } from '../config.js';
import type { Env } from '../configValues.js';
import { misconfigurationIn } from '../misconfiguration.js';
import { exitCodes, readLine } from './command.js';
import type { Command, Terminal } from './command.js';
import { openReading } from './reading.js';
import { createTerminalLog } from './terminalLog.js';

const clean = 0;
const somethingWrong = 1;
const notChecked = 2;

export const verify: Command = {
  summary: 'check a whole store, beside running servers',
  usage: [
    'usage: recalld verify [--json]',
    '',
    'Looks at everything in the store: the log, what lists and histories are read from, message bodies and their keys,',
    'uploaded files and deliveries, and whether they agree. Writes nothing. What servers change meanwhile is looked at',
    'again before it is told. Each finding is one line: what it is, in which app, what it names, and what to do.',
    '',
    '  --json  one JSON object for each finding, and one with the counts at the end',
    '',
    'Takes RECALLD_DATA_DIR and RECALLD_DATABASE_URL like the server.',
    'Ends with 0 when nothing is wrong, 1 when something is, 2 when it could not be checked, 64 for a wrong line.',
  ].join('\n'),

  async run(args, env, terminal) {
    const json = readOptions(args);
    try {
      const findings = await check(env, terminal, json);
      return findings === 0 ? clean : somethingWrong;
    } catch (fault) {
      if (terminal.interrupted.aborted) {
        terminal.err('verify: interrupted');
        return exitCodes.interrupted;
      }
      const told = misconfigurationIn(fault) ?? (fault instanceof Error ? fault.message : String(fault));
      terminal.err(`verify: could not check: ${told}`);
      return notChecked;
    }
  },
};

/** Answers how much is wrong. */
async function check(env: Env, terminal: Terminal, json: boolean): Promise<number> {
  const reading = await openReading(readConfig(env), createTerminalLog('verify', terminal));
  const looked: Record<string, number> = {};
  let findings = 0;
  try {
    await reading.verify({
      now: Date.now(),
      stop: terminal.interrupted,
      found: (finding) => {
        findings += 1;
        terminal.out(json ? JSON.stringify(finding) : lineOf(finding));
      },
      checked: ({ name, rows, findings: wrong }) => {
        looked[name] = rows;
        if (!json) terminal.err(`verify: ${name}: ${rows} looked at, ${wrong} wrong`);
      },
    });
  } finally {
    await reading.close();
  }
  const rows = Object.values(looked).reduce((sum, count) => sum + count, 0);
  const end = json ? JSON.stringify({ looked, findings }) : `verify: ${rows} looked at, ${findings} wrong`;
  terminal.out(end);
  return findings;
}

function lineOf({ kind, app, about, advice }: Reported): string {
  const names = Object.entries(about).map(([name, value]) => `${name} ${value}`);
  return `${kind}${app === null ? '' : ` in ${app}`}: ${names.join(', ')}; ${advice}`;
}

function readOptions(args: readonly string[]): boolean {
  return readLine(() => {
    const options = { json: { type: 'boolean', default: false } } as const;
    return parseArgs({ args: [...args], options, strict: true }).values.json;
  });
}
