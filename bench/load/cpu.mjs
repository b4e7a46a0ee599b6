// @ts-check
import { readFileSync } from 'node:fs';

/** Kernel ticks a second; the same on every Linux that Node runs on. */
const ticks = 100;

/**
 * Seconds of CPU that a process used since its start, its threads included; 0 where /proc does not say.
 *
 * @param {number} pid
 */
export function cpuOf(pid) {
  const [user = 0, system = 0] = timesOf(pid);
  return user + system;
}

/**
 * The same with its children, those included that have ended.
 *
 * @param {number} pid
 */
export function cpuOfTree(pid) {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(/\s+/).filter(Boolean).map(Number);
  const own = timesOf(pid).reduce((sum, seconds) => sum + seconds, 0);
  return children.reduce((sum, child) => sum + cpuOf(child), own);
}

/**
 * Its own user and system seconds, and those of children that have ended.
 *
 * @param {number} pid
 */
function timesOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces: count the fields behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].map((at) => Number(fields[at] ?? 0) / ticks);
}

/** Seconds that all cores together were busy since the machine's start; 0 where /proc does not say. */
export function busyCpu() {
  const [total = ''] = read('/proc/stat').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = total.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / ticks;
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
