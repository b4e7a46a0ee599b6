// @ts-check
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail, run, runNode } from './process.mjs';
import { builtProjects, readJson, root, toolPath, workspaces } from './project.mjs';

/** What was done, and from which inputs. It lies in node_modules, so that it goes with them. */
const stampFile = join(root, 'node_modules', '.recalld-setup.json');

/** better-sqlite3 is compiled for one of these. */
const runtime = `${process.platform}-${process.arch}-abi${process.versions.modules}`;

/** Stops with one sentence when this Node is older than `engines` in package.json asks for. */
export function requireNode() {
  const least = readJson('package.json').engines.node.replace('>=', '');
  const [major = 0, minor = 0] = least.split('.').map(Number);
  const [hereMajor = 0, hereMinor = 0] = process.versions.node.split('.').map(Number);
  if (hereMajor < major || (hereMajor === major && hereMinor < minor)) {
    fail(`recalld needs Node ${least} or newer, and this is Node ${process.versions.node}.`);
  }
}

/** Installs and builds what is not done yet. Nothing is spawned when both are. */
export async function setup() {
  requireNode();
  await install();
  if (readStamp().build !== buildFingerprint() || !isBuilt()) {
    console.log('Building…');
    if ((await build()) !== 0) fail('The build failed; the compiler says why above.');
  }
}

/** Installs the locked dependencies, unless they are there for this Node. */
export async function install() {
  const stamp = readStamp();
  const fingerprint = installFingerprint();
  if (stamp.install === fingerprint && stamp.runtime === runtime) return;
  console.log('Installing dependencies; better-sqlite3 compiles for about a minute…');
  if ((await pnpm(['install', '--frozen-lockfile', '--prod=false'])) !== 0) fail(installFailure());
  if (stamp.runtime !== undefined && stamp.runtime !== runtime && (await pnpm(['rebuild'])) !== 0) {
    fail(installFailure());
  }
  writeStamp({ runtime, install: fingerprint });
}

/** Compiles the workspace; resolves with the compiler's exit code. */
export async function build() {
  const fingerprint = buildFingerprint();
  const code = await runNode(toolPath('typescript', 'tsc'), ['-b']);
  if (code === 0) writeStamp({ ...readStamp(), build: fingerprint });
  return code;
}

/** @param {readonly string[]} args */
function pnpm(args) {
  const { packageManager } = readJson('package.json');
  // Without a terminal pnpm would ask nobody before it replaces a folder, and give up.
  const quiet = ['--config.confirm-modules-purge=false'];
  return run('npx', ['--yes', packageManager, ...args, ...quiet]);
}

function installFailure() {
  const missing = ['make', 'g++', 'python3'].filter((tool) => !isOnPath(tool));
  return missing.length === 0
    ? 'Installing the dependencies failed; pnpm says why above.'
    : `Installing failed: better-sqlite3 is compiled here, and ${missing.join(', ')} cannot be found;` +
        ' on Debian or Ubuntu: apt-get install make g++ python3.';
}

/** @param {string} tool */
function isOnPath(tool) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function installFingerprint() {
  const manifests = workspaces().map((folder) => `${folder}/package.json`);
  return hashFiles(['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', ...manifests]);
}

/** Everything that the compiler reads from this repository, and what was installed. */
function buildFingerprint() {
  const sources = builtProjects().flatMap((folder) => [
    `${folder}/package.json`,
    `${folder}/tsconfig.json`,
    ...filesUnder(`${folder}/src`).filter((path) => !path.includes('.test.')),
  ]);
  return hashFiles(['pnpm-lock.yaml', 'tsconfig.base.json', 'tsconfig.json', ...sources]);
}

function isBuilt() {
  return builtProjects().every((folder) => existsSync(join(root, folder, 'dist', '.tsbuildinfo')));
}

/** @param {string} folder */
function filesUnder(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

/** @param {readonly string[]} paths */
function hashFiles(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @typedef {{ runtime?: string, install?: string, build?: string }} Stamp */

/** @returns {Stamp} */
function readStamp() {
  return existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
}

/** @param {Stamp} stamp */
function writeStamp(stamp) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp));
}
