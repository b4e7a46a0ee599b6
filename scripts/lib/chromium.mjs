// @ts-check
import { delimiter, join } from 'node:path';
import { installFromDebian, isProgram, mayInstall } from './machine.mjs';

/** What a suite that was left out for want of it needs. */
export const chromiumHint =
  'Chromium was not found: install it (on Debian: apt-get install chromium), or name its path in CHROMIUM.';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The browser's program: named by the environment, else this machine's.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') return isProgram(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

/** Installs the browser where nothing stands in the way: as root, on Debian, when the machine has none. */
export function provideChromium() {
  if (findChromium() !== undefined || process.env.CHROMIUM) return;
  if (mayInstall()) installFromDebian('chromium');
}
