// @ts-check
// What the servers that tests start need of the machine: programs, packages, free ports.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createServer } from 'node:net';

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a package may be installed without asking: as root, on Debian. */
export function mayInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

/**
 * Installs one of Debian's packages; says so, and nothing when it fails.
 *
 * @param {string} packageName
 */
export function installFromDebian(packageName) {
  console.log(`Installing ${packageName} for the tests, from Debian’s packages…`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  /** @param {readonly string[]} args */
  const aptGet = (...args) => spawnSync('apt-get', args, { env, stdio: 'ignore' }).status === 0;
  const install = () => aptGet('install', '--yes', '--no-install-recommends', packageName);
  if (!install() && aptGet('update')) install();
}

/**
 * A free port of 127.0.0.1 below those that the system gives to outgoing connections: a client that
 * tries to reach a dead server must not be given the server's own port.
 *
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found');
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
