import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];

const source = (file: string) => readFileSync(path.join(root, file), 'utf8');
const namesIn = (text: string, names: RegExp) => new Set([...text.matchAll(names)].map(([, name]) => name));

describe('the documentation', () => {
  it.each(['README.md', 'README.zh-CN.md'])('%s shows code of the examples as it is', (document) => {
    const dedented = (text: string) => text.replace(/^ +/gm, '');
    const examples = readdirSync(path.join(root, 'examples'))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => dedented(readFileSync(path.join(root, 'examples', name), 'utf8')));
    const shown = [...readFileSync(path.join(root, document), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
    expect(shown.length).toBeGreaterThan(1);
    const strange = shown.filter(
      ([, code]) => !examples.some((example) => example.includes(dedented(code ?? ''))),
    );
    expect(strange.map(([, code]) => code)).toEqual([]);
  });

  it('of operating names every variable that is read, and no other', () => {
    const read = namesIn(source('apps/server/src/config.ts'), /'(RECALLD_[A-Z_]+)'/g);
    const [, table = ''] = source('docs/operating.md').split('## Environment');
    const [variables = ''] = table.split('\n## ');
    const named = namesIn(variables.replaceAll(/\|[^|]*\|[^|]*\|$/gm, '|'), /`(RECALLD_[A-Z_]+)`/g);
    expect(read.size).toBeGreaterThan(20);
    expect(named).toEqual(read);
  });

  it('of operating names every metric that is told, and no other', () => {
    const folder = 'packages/adapters-http/src/ops';
    const told = readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('etrics.ts'))
      .map((name) => source(path.join(folder, name)));
    const [, page = ''] = source('docs/operating.md').split('### Metrics');
    const [metrics = ''] = page.split('\n## ');
    const names = namesIn(told.join('\n'), /'(recalld_[a-z_]+)'/g);
    expect(names.size).toBeGreaterThan(10);
    expect(namesIn(metrics, /`(recalld_[a-z_]+)`/g)).toEqual(names);
  });

  it.each(documents)('%s links only to files that exist', (document) => {
    const text = readFileSync(path.join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link ?? '');
    const broken = links.filter((link) => !existsSync(path.resolve(root, path.dirname(document), link)));
    expect(broken).toEqual([]);
  });
});
