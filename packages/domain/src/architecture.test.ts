import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = dirname(fileURLToPath(import.meta.url));

/** Every source file under a folder, tests left out. */
function sourcesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): readonly string[] {
  const source = readFileSync(file, 'utf8');
  const specifiers = source.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"]+)['"]/g);
  return [...specifiers].map(([, specifier]) => specifier ?? '');
}

/** Imports as `file -> specifier`, those that a rule forbids. */
function violations(files: readonly string[], forbidden: (specifier: string, file: string) => boolean) {
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => forbidden(specifier, file))
      .map((specifier) => `${relative(root, file)} -> ${specifier}`),
  );
}

/** The folder of the domain that a relative import leads to. */
function folderOf(specifier: string, file: string): string {
  return relative(root, join(dirname(file), specifier)).split(sep)[0] ?? '';
}

const all = sourcesUnder(root);
const production = all.filter((file) => !relative(root, file).startsWith(`testing${sep}`));
const isRelative = (specifier: string) => /^\.\.?\//.test(specifier);

describe('the domain', () => {
  it('is read by this test', () => {
    expect(production.length).toBeGreaterThan(30);
    expect(production.flatMap(importsOf).length).toBeGreaterThan(100);
    expect(importsOf(fileURLToPath(import.meta.url))).toContain('node:fs');
  });

  it('imports no npm package and nothing of Node', () => {
    expect(violations(production, (specifier) => !isRelative(specifier))).toEqual([]);
  });

  it('does not import its own tests’ helpers', () => {
    const leads = (specifier: string, file: string) => folderOf(specifier, file) === 'testing';
    expect(violations(production, leads)).toEqual([]);
  });

  it('names every file of an import with its .js ending', () => {
    expect(violations(all, (specifier) => isRelative(specifier) && !specifier.endsWith('.js'))).toEqual([]);
  });

  it('uses nothing that only one platform has', () => {
    const globals = /\b(?:process|Buffer|globalThis|document)\.|\bset(?:Immediate|Timeout|Interval)\(/;
    const users = production.filter((file) => globals.test(readFileSync(file, 'utf8')));
    expect(users.map((file) => relative(root, file))).toEqual([]);
  });

  it('keeps decisions and the kernel from knowing ports and the application', () => {
    const inner = production.filter((file) => {
      const folder = relative(root, file).split(sep)[0] ?? '';
      return !['application', 'ports', 'index.ts'].includes(folder);
    });
    const outward = (specifier: string, file: string) =>
      ['application', 'ports'].includes(folderOf(specifier, file));
    expect(violations(inner, outward)).toEqual([]);
  });
});

describe('the fakes', () => {
  it('need no npm package and nothing of Node', () => {
    const memory = all.filter((file) => relative(root, file).startsWith(join('testing', 'memory')));
    expect(memory.length).toBeGreaterThan(5);
    expect(violations(memory, (specifier) => !isRelative(specifier))).toEqual([]);
  });

  it('and their suites need nothing of Node, and no package but the test runner’s', () => {
    const helpers = all.filter((file) => relative(root, file).startsWith(`testing${sep}`));
    const foreign = (specifier: string) =>
      !isRelative(specifier) && !['vitest', 'fast-check'].includes(specifier);
    expect(violations(helpers, foreign)).toEqual([]);
  });
});
