// @ts-check
// A process and its children: a server that answers from several is paused and killed as a whole.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const hasProc = existsSync('/proc/self/stat');

/** The oldest first. @param {number} pid @returns {number[]} */
export function childrenOf(pid) {
  const listed = hasProc
    ? unlessGone(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    : spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout;
  return (listed ?? '').split(/\s+/).filter(Boolean).map(Number);
}

/** A process that has ended and that nobody has waited for yet does not run. @param {number} pid */
export function isRunning(pid) {
  if (!hasProc) return unlessGone(() => process.kill(pid, 0)) ?? false;
  const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** @template T @param {() => T} act @returns {T | undefined} */
function unlessGone(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}

/** @param {readonly number[]} pids @param {NodeJS.Signals} signal */
function signalAll(pids, signal) {
  for (const pid of pids) unlessGone(() => process.kill(pid, signal));
}

/**
 * SIGSTOP for a process and its children. The parent comes first: it starts no more of them.
 *
 * @param {number} pid
 * @returns {number[]} all of them, the parent first
 */
export function pauseTree(pid) {
  const paused = [pid];
  for (let found = [pid]; found.length > 0;) {
    signalAll(found, 'SIGSTOP');
    found = childrenOf(pid).filter((child) => !paused.includes(child));
    paused.push(...found);
  }
  return paused;
}

/** SIGCONT for a process and its children. @param {number} pid */
export function resumeTree(pid) {
  signalAll([...childrenOf(pid), pid], 'SIGCONT');
}

/** kill -9 for a process and its children; resolves when none of them runs. @param {number} pid */
export async function killTree(pid) {
  const all = pauseTree(pid);
  signalAll(all, 'SIGKILL');
  while (all.some(isRunning)) await delay(5);
}

/**
 * When this process is gone, however it ended: ends the process that was named last, in any state,
 * and removes the folder.
 */
const watch = `
pids=
while read -r line; do pids=$line; done
if [ -n "$pids" ]; then
  kill -s CONT $pids
  pid=\${pids%% *}
  kill -s "$1" $pid
  tries=0
  while kill -0 $pid && ! grep -q ') Z ' /proc/$pid/stat && [ $tries -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -s KILL $pids
fi
rm -rf "$2"
`;

/**
 * A guard that outlives this process by a moment. `watch` names the processes to end: the one to
 * signal first, then those that are paused with it; none when there are none.
 *
 * @param {{ signal: 'QUIT' | 'KILL', folder: string }} options the folder is removed in the end
 */
export function startGuard({ signal, folder }) {
  // In a session of its own: what a terminal sends to this one does not reach it.
  const guard = spawn('/bin/sh', ['-c', watch, 'sh', signal, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  return {
    /** @param {readonly number[]} pids */
    watch: (...pids) => void guard.stdin.write(`${pids.join(' ')}\n`),
    /** Nothing is left to end. */
    release: () => void guard.stdin.end('\n'),
  };
}
