// @ts-check
import { readdirSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** @param {string} path relative to {@link root} */
export function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/** Folders of the workspace packages, relative to {@link root}, in a stable order. */
export function workspaces() {
  const children = ['apps', 'packages'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  );
  return [...children, 'examples'].filter((folder) => existsSync(join(root, folder, 'package.json'))).sort();
}

/** Folders of the projects that the compiler builds, each into its own `dist`. */
export function builtProjects() {
  /** @type {{ references: { path: string }[] }} */
  const { references } = readJson('tsconfig.json');
  return references.map(({ path }) => path);
}

/**
 * The script behind a command of an installed development dependency.
 *
 * @param {string} packageName
 * @param {string} [command]
 * @returns {string}
 */
export function toolPath(packageName, command = packageName) {
  const folder = `node_modules/${packageName}`;
  const { bin } = readJson(`${folder}/package.json`);
  return join(root, folder, typeof bin === 'string' ? bin : bin[command]);
}
