import { createMemoryStorage, createWorld } from '@recalld/domain/testing';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { easemobApi } from '../easemob/api.js';
import type { Api, Route } from '../route.js';
import { createAdminWorld, serverOf } from '../testing/adminWorld.js';
import { startEasemobServer } from '../testing/easemobServer.js';
import { opsApi } from './api.js';
import { createMetrics } from './metrics.js';
import type { OpenApiDocument } from './openApi.js';
import type { ReadinessCheck } from './readiness.js';

const well: ReadinessCheck = { name: 'storage', required: true, check: () => Promise.resolve() };
const gone = (name: string, required: boolean): ReadinessCheck => ({
  name,
  required,
  check: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432')),
});

const rows: readonly Route[] = [
  {
    method: 'POST',
    path: '/{org}/{app}/files',
    operationId: 'upload',
    summary: 'Upload a <file>',
    tag: 'Files & more',
    auth: 'app',
    reads: 'stream',
    answers: { 200: { description: 'Stored' } },
    handle: () => ({ status: 200, body: {} }),
  },
  {
    method: 'GET',
    path: '/{org}/{app}/users/{username}/files/{path}',
    operationId: 'listFiles',
    summary: 'List files',
    tag: 'Files & more',
    auth: 'appOrUser',
    uncheckedParams: ['path'],
    answers: { 200: { description: 'Files' } },
    handle: () => ({ status: 200, body: {} }),
  },
];

async function given(checks: readonly ReadinessCheck[] = [well]) {
  const world = await createWorld(createMemoryStorage());
  const { api: admin } = await createAdminWorld();
  const easemob = easemobApi((await startEasemobServer()).deps);
  const metrics = createMetrics({ clock: world.clock, deliveries: world.ports.deliveries, version: '1.2.3' });
  const files: Api = { ...admin, name: 'easemob', prefix: '/', routes: rows };
  const ops = opsApi({ version: '1.2.3', metrics, checks, apis: [easemob, files, admin] });
  const server = serverOf(world, [files, admin, ops]);
  return { world, server, get: (url: string) => server.inject({ method: 'GET', url }) };
}

async function documented(): Promise<OpenApiDocument> {
  const { get } = await given();
  return (await get('/openapi.json')).json<OpenApiDocument>();
}

describe('the probes', () => {
  it('say that the process is up, to anybody', async () => {
    const { get } = await given([gone('storage', true)]);
    const { statusCode, body } = await get('/healthz');
    expect([statusCode, JSON.parse(body)]).toEqual([200, { status: 'up' }]);
  });

  it('say that the server is ready when everything answers', async () => {
    const { get } = await given();
    const { statusCode, body } = await get('/readyz');
    expect([statusCode, JSON.parse(body)]).toEqual([200, { status: 'ready' }]);
  });

  it('answer 503 and name what is missing, and nothing else about it', async () => {
    const { get } = await given([gone('storage', true), gone('nats', false)]);
    const { statusCode, body } = await get('/readyz');
    expect(statusCode).toBe(503);
    expect(JSON.parse(body)).toEqual({ status: 'unavailable', missing: ['storage'], degraded: ['nats'] });
  });

  it('are ready, though degraded, without what the server can do without', async () => {
    const { get } = await given([well, gone('nats', false)]);
    const { statusCode, body } = await get('/readyz');
    expect([statusCode, JSON.parse(body)]).toEqual([200, { status: 'ready', degraded: ['nats'] }]);
  });

  it('show metrics as Prometheus reads them', async () => {
    const { get } = await given();
    const { statusCode, body, headers } = await get('/metrics');
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toContain('recalld_build_info{version="1.2.3"} 1');
  });
});

describe('the OpenAPI document', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const document = await documented();
    expect(document.openapi).toBe('3.1.0');
    const { valid, errors } = await new Validator().validate({ ...document });
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it('describes every row of every API, itself included', async () => {
    const document = await documented();
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(described).toEqual(
      expect.arrayContaining([
        'post /{org}/{app}/files',
        'post /{org}/{app}/messages/msg_recall',
        'post /admin/v1/apps',
        'put /admin/v1/apps/{org}/{app}/recall-policy',
        'patch /admin/v1/apps/{org}/{app}/callback-rules/{id}',
        'post /admin/v1/apps/{org}/{app}/redeliveries',
        'get /readyz',
        'get /openapi.json',
      ]),
    );
    expect(new Set(described).size).toBe(described.length);
  });

  it('says who may call, with what, and what the path holds', async () => {
    const { paths } = await documented();
    expect(paths['/{org}/{app}/files']?.['post']).toMatchObject({
      security: [{ appToken: [] }],
      requestBody: { content: { 'multipart/form-data': {} } },
    });
    expect(paths['/{org}/{app}/users/{username}/files/{path}']?.['get']).toMatchObject({
      security: [{ appToken: [] }, { userToken: [] }],
      parameters: [{ name: 'org' }, { name: 'app' }, { name: 'username' }, { name: 'path', in: 'path' }],
    });
    expect(paths['/{org}/{app}/users/{username}/events']?.['get']?.security).toEqual([
      { appToken: [] },
      { userToken: [] },
      { userTokenInQuery: [] },
    ]);
    expect(paths['/admin/v1/apps']?.['post']?.security).toEqual([{ rootToken: [] }]);
    expect(paths['/healthz']?.['get']?.security).toEqual([]);
    const deliveries = paths['/admin/v1/apps/{org}/{app}/deliveries']?.['get'];
    expect(deliveries?.parameters.filter((parameter) => parameter.in === 'query')).toMatchObject([
      { name: 'status', required: false },
      { name: 'rule_id', required: false },
      { name: 'limit', schema: { maximum: 1000, default: 100 } },
      { name: 'cursor' },
    ]);
  });

  it('has one path of each shape, whatever its parameters are called', async () => {
    const { paths } = await documented();
    const shapes = Object.keys(paths).map((path) => path.replace(/\{\w+\}/g, '{}'));
    expect(shapes.filter((shape, index) => shapes.indexOf(shape) !== index)).toEqual([]);
  });

  it('says what the attempts of a delivery count', async () => {
    const { paths } = await documented();
    const read = paths['/admin/v1/apps/{org}/{app}/deliveries/{id}']?.['get'];
    expect(read?.responses['200']).toMatchObject({
      content: {
        'application/json': {
          schema: { properties: { attempts: { description: expect.stringContaining('last queued') } } },
        },
      },
    });
  });

  it('gives every operation a name of its own', async () => {
    const { paths } = await documented();
    const ids = Object.values(paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the page to read', () => {
  it('shows the same operations, with their texts escaped', async () => {
    const { get } = await given();
    const { body, headers } = await get('/docs');
    const { paths } = await documented();
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const ids = Object.values(paths).flatMap((operations) => Object.values(operations));
    for (const { operationId } of ids) expect(body).toContain(`<section id="${operationId}">`);
    expect(body).toContain('Upload a &lt;file&gt;');
    expect(body).not.toContain('<file>');
  });

  it('needs nothing but itself, and its policy allows nothing else', async () => {
    const { get } = await given();
    const { body, headers } = await get('/docs');
    expect(body).not.toMatch(/<script|<link|<img|<iframe|\ssrc=|url\(|@import|\sstyle=|\son\w+=/i);
    expect([...body.matchAll(/href="([^"]*)"/g)].every(([, href]) => /^[#/]/.test(href ?? ''))).toBe(true);
    const style = /<style>([^]*)<\/style>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${hash}'`);
  });
});
