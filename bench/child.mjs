// @ts-check
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {(call: string, args?: object) => Promise<any>} ask what the child answers to a call
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a program of the benchmark as a process of its own.
 *
 * @param {string} script relative to this folder
 * @returns {Child}
 */
export function startChild(script) {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), { stdio: 'inherit' });
  let last = 0;
  /** @type {Map<number, { resolve(value: unknown): void, reject(fault: Error): void }>} */
  const waiting = new Map();
  child.on(
    'message',
    (/** @type {{ id: number, value?: unknown, fault?: string }} */ { id, value, fault }) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (fault === undefined) call?.resolve(value);
      else call?.reject(new Error(fault));
    },
  );
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${script} ended with ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    ask: (call, args = {}) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        child.send({ id: last, call, args });
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/**
 * The child's side: answers the calls of the process that started it, and ends with it.
 *
 * @param {Record<string, (args: any) => unknown>} calls
 */
export function answerCalls(calls) {
  process.on('disconnect', () => process.exit());
  process.on(
    'message',
    async (/** @type {{ id: number, call: string, args: object }} */ { id, call, args }) => {
      try {
        process.send?.({ id, value: await calls[call]?.(args) });
      } catch (fault) {
        process.send?.({ id, fault: fault instanceof Error ? fault.stack : String(fault) });
      }
    },
  );
}
