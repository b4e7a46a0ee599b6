// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from './project.mjs';

/**
 * @typedef {object} RunningServer
 * @property {string} url where it listens, without a slash at the end
 * @property {number} pid
 * @property {() => string} output what it printed so far, both streams
 * @property {Promise<number | null>} ended its exit code when it has ended; null when it was killed
 * @property {() => Promise<number | null>} stop asks it to end; null when it had to be killed
 * @property {() => Promise<void>} kill ends it at once, as a power cut of the process would
 */

/** A stop may take ten seconds, whatever the receivers of callbacks do. */
const stopDeadlineMs = 15_000;

/**
 * Starts the built server on a free port and waits until it says where it listens. It gets the given
 * variables and nothing else of this process's environment but PATH.
 *
 * @param {Record<string, string>} env
 * @param {readonly string[]} [nodeArgs] options of Node itself
 * @returns {Promise<RunningServer>}
 */
export async function startServer(env, nodeArgs = []) {
  const child = spawn(process.execPath, [...nodeArgs, join(root, 'apps/server/dist/main.js')], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const ended = once(child, 'exit').then(([code]) => /** @type {number | null} */ (code));
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    /** @param {Buffer} chunk */
    const hear = (chunk) => {
      printed += chunk.toString();
      const [, found] = /listens on (http:\/\/[^\s"/]+)/.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then((code) => reject(new Error(`The server ended with ${code} at its start: ${printed}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    output: () => printed,
    ended,
    async stop() {
      const deadline = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
      child.kill('SIGTERM');
      const code = await ended;
      clearTimeout(deadline);
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
