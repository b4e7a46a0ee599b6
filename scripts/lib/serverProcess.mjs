// @ts-check
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { killTree, pauseTree, resumeTree, startGuard } from './processTree.mjs';

const startDeadlineMs = 20_000;
const stopDeadlineMs = 5_000;

/**
 * @typedef {object} ServerProgram
 * @property {string} name as messages say it
 * @property {string} command
 * @property {readonly string[]} args
 * @property {string} ready what it writes to stderr when it takes connections
 * @property {string} folder its own; gone when this process is. What the program says is in its file `log`
 * @property {import('node:child_process').SpawnOptions} [options] of the spawn
 * @property {'QUIT' | 'KILL'} [lastSignal] ends it when this process is gone; SIGKILL when left out
 */

/**
 * One process at a time of a server program. It ends, and its folder with it, a moment after this
 * process at the latest.
 *
 * @param {ServerProgram} program
 */
export function serverProcess({ name, command, args, ready, folder, options, lastSignal = 'KILL' }) {
  const guard = startGuard({ signal: lastSignal, folder });
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  let said = '';

  /** Resolves when it takes connections. @throws with what it said when it does not start. */
  async function start() {
    if (child !== undefined) throw new Error(`${name} runs already`);
    const started = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    said = '';
    started.stderr?.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-20_000);
      // The last of it may come when the folder is gone.
      if (existsSync(folder)) appendFileSync(join(folder, 'log'), text);
    });
    if (started.pid !== undefined) guard.watch(started.pid);
    const gone = () => {
      if (child === started) child = undefined;
      guard.watch();
    };
    started.once('exit', gone).once('error', gone);
    await untilReady(started, { name, ready, said: () => said });
  }

  function running() {
    if (child?.pid === undefined) throw new Error(`${name} does not run`);
    return child.pid;
  }

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    const ending = child;
    const pid = ending?.pid;
    if (ending === undefined || pid === undefined) return;
    const over = new Promise((resolve) => ending.once('exit', resolve));
    if (signal === 'SIGKILL') return void (await Promise.all([killTree(pid), over]));
    ending.kill(signal);
    resumeTree(pid);
    const timer = setTimeout(() => void killTree(pid), stopDeadlineMs);
    await over;
    clearTimeout(timer);
  }

  return {
    start,
    /** Resolves when it is gone. A signal that does not end it in time is followed by SIGKILL. */
    end,
    /** Ends the guard: nothing runs any more. */
    release: guard.release,
    said: () => said,
    pid: () => child?.pid,
    /** It and its children keep their connections, and answer nothing until they are resumed. */
    pause: () => guard.watch(...pauseTree(running())),
    resume: () => resumeTree(running()),
  };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {{ name: string, ready: string, said: () => string }} server `said`: what it has written so far
 * @returns {Promise<void>}
 */
function untilReady(child, { name, ready, said }) {
  return new Promise((resolve, reject) => {
    /** @param {string} why */
    const refuse = (why) => reject(new Error(`${name} ${why}; it said:\n${said()}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      refuse('did not start in time');
    }, startDeadlineMs);
    child.once('error', (err) => {
      clearTimeout(timer);
      refuse(err.message);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      refuse(`ended with ${code}`);
    });
    child.stderr?.on('data', () => {
      if (!said().includes(ready)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
