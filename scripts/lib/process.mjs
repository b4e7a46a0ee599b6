// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './project.mjs';

/** @type {readonly NodeJS.Signals[]} */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end with the streams and the environment of this process. Signals sent to
 * this process reach the program, which decides how to end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {AbortSignal} [until] ends the program (SIGTERM) and rejects
 * @returns {Promise<number>} its exit code; 128 and the signal's number when a signal ended it
 */
export function run(command, args, until) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', signal: until });
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      // Ctrl-C in a terminal reaches the whole foreground group: the program has it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const release = () => forwarded.forEach((signal) => process.off(signal, forward));
    forwarded.forEach((signal) => process.on(signal, forward));
    child.once('error', (fault) => {
      release();
      reject(fault);
    });
    child.once('exit', (code, signal) => {
      release();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/**
 * Runs a script with this Node; see {@link run}.
 *
 * @param {string} script
 * @param {readonly string[]} [args]
 * @param {AbortSignal} [until]
 */
export function runNode(script, args = [], until = undefined) {
  return run(process.execPath, [script, ...args], until);
}

/**
 * Ends this process with one sentence for the person who started it.
 *
 * @param {string} sentence
 * @returns {never}
 */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
