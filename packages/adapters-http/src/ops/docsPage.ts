import { createHash } from 'node:crypto';
import type { OpenApiDocument, Operation } from './openApi.js';

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav ul { columns: 2; padding-left: 1rem; }
section { border-top: 1px solid var(--line); padding: .5rem 0; }
h3 { font-size: 1rem; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: .25rem .5rem .25rem 0; }
@media (max-width: 40rem) { nav ul { columns: 1; } }
`;

/** No scripts, no frames, nothing from anywhere: the page's own style sheet alone. */
export const docsPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The OpenAPI document as one readable page that needs nothing else. */
export function docsPage(document: OpenApiDocument): string {
  const sections = document.tags.map(({ name }) => ({ name, operations: operationsOf(document, name) }));
  const { title, version, description } = document.info;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)} ${text(version)}: HTTP API</title>
<style>${style}</style>
</head>
<body>
<h1>${text(title)} ${text(version)}: HTTP API</h1>
<p>${text(description)} The same as a machine reads it: <a href="/openapi.json">/openapi.json</a></p>
<nav aria-label="Calls">${sections.map(({ name, operations }) => index(name, operations)).join('\n')}</nav>
<main>
${sections.map(({ name, operations }) => `<h2>${text(name)}</h2>\n${operations.map(section).join('\n')}`).join('\n')}
</main>
</body>
</html>
`;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

function operationsOf({ paths }: OpenApiDocument, tag: string): readonly Call[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

function index(name: string, calls: readonly Call[]): string {
  const links = calls.map(
    ({ operation }) => `<li><a href="#${text(operation.operationId)}">${text(operation.summary)}</a></li>`,
  );
  return `<h2>${text(name)}</h2><ul>${links.join('')}</ul>`;
}

function section({ method, path, operation }: Call): string {
  const { operationId, summary, requestBody, responses } = operation;
  const schemes = operation.security.flatMap((scheme) => Object.keys(scheme));
  return `<section id="${text(operationId)}">
<h3><code>${text(method)} ${text(path)}</code></h3>
<p>${text(summary)}. Bearer: ${text(schemes.length === 0 ? 'none' : schemes.join(' or '))}.</p>
${parameters(operation)}
${Object.entries(requestBody?.content ?? {})
  .map(([type, { schema }]) => schemaDetails(`Request body, ${type}`, schema))
  .join('\n')}
<table><thead><tr><th scope="col">Status</th><th scope="col">Answer</th></tr></thead><tbody>
${Object.entries(responses)
  .map(([status, { description }]) => row(status, description))
  .join('\n')}
</tbody></table>
${Object.entries(responses)
  .filter(([status]) => status.startsWith('2'))
  .flatMap(([status, { content = {} }]) => Object.values(content).map(({ schema }) => ({ status, schema })))
  .map(({ status, schema }) => schemaDetails(`Answer ${status}`, schema))
  .join('\n')}
</section>`;
}

function parameters({ parameters: all }: Operation): string {
  const inQuery = all.filter((parameter) => parameter.in === 'query');
  if (inQuery.length === 0) return '';
  const rows = inQuery.map(({ name, schema }) => row(name, JSON.stringify(schema)));
  return `<table><thead><tr><th scope="col">Query</th><th scope="col">Schema</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`;
}

function row(head: string, cell: string): string {
  return `<tr><td><code>${text(head)}</code></td><td>${text(cell)}</td></tr>`;
}

function schemaDetails(title: string, schema: object): string {
  const json = JSON.stringify(schema, null, 2);
  return `<details><summary>${text(title)}</summary><pre>${text(json)}</pre></details>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function text(value: string): string {
  return value.replace(/[&<>"']/g, (char) => entities[char] ?? char);
}
