import { Overloaded, Unavailable } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Api, Route } from '../route.js';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { Changes, EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

async function start(changes?: Changes): Promise<void> {
  easemob = await startEasemobServer(changes);
}

beforeEach(() => start());
afterEach(() => easemob.server.close());

const recall = { msg_id: '13132131', to: 'u2', chat_type: 'chat', force: true };
const vendorFields = ['error', 'exception', 'timestamp', 'duration', 'error_description'];

/** An API with one row, as the management API is mounted. */
function sampleApi(route: Partial<Route>): Api {
  return {
    name: 'admin',
    prefix: '/admin/',
    routes: [
      {
        method: 'GET',
        path: '/admin/v1/things/{thing}',
        operationId: 'getThing',
        summary: 'Shows a thing',
        tag: 'Things',
        auth: 'root',
        answers: {},
        handle: ({ principal }) => ({ status: 200, body: { principal } }),
        ...route,
      },
    ],
    refuse: (failure, _facts, detail) => ({ status: 418, body: { failure, detail } }),
  };
}

describe('paths and methods', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/acme'],
    ['POST', '/acme/im/nothing'],
    ['POST', '/acme/im/messages/msg_recall/'],
    ['DELETE', '/a/b/c/d/e/f'],
    ['OPTIONS', '/nowhere'],
  ] as const)('given %s %s, then 404 in the vendor’s shape', async (method, url) => {
    const answer = await easemob.raw(method, url);
    expect(answer.status).toBe(404);
    expect(Object.keys(answer.body)).toEqual(vendorFields);
    expect(answer.body).toMatchObject({
      error: 'service_resource_not_found',
      error_description: 'Service resource not found',
    });
  });

  it.each([
    ['GET', '/messages/msg_recall', 'POST'],
    ['PUT', '/users/u1', 'GET, DELETE'],
    ['PATCH', '/chatgroups/1', 'GET, DELETE'],
  ] as const)('given %s %s, then 405 says what is allowed', async (method, path, allow) => {
    const answer = await easemob.call(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe(allow);
    expect(answer.body).toMatchObject({ error_description: 'Service operation not supported' });
  });

  it('given a path below another API, then that API refuses it', async () => {
    await start({ mounted: { apis: [sampleApi({})] } });
    expect((await easemob.raw('GET', '/admin/v1/nothing')).body).toEqual({ failure: 'unknownRoute' });
    expect((await easemob.raw('POST', '/admin/v1/things/1')).body).toEqual({ failure: 'wrongMethod' });
  });

  it.each(['/acme/im/users/%', '/acme/im/users/%zz', '/acme/im/users/%c3%28'])(
    'given the broken path %j, then 400',
    async (url) => {
      const answer = await easemob.raw('GET', url);
      expect(answer.status).toBe(400);
      expect(Object.keys(answer.body)).toEqual(vendorFields);
    },
  );

  it('given an unknown app, then 404 comes before the token; for operators the token comes first', async () => {
    const unknown = await easemob.raw('POST', '/acme/other/messages/msg_recall?x=secret', { token: null });
    expect(unknown.status).toBe(404);
    expect(unknown.body['error']).toBe('organization_application_not_found');
    expect(unknown.text).not.toContain('secret');
    await start({
      mounted: { apis: [sampleApi({ path: '/admin/v1/apps/{org}/{app}', auth: 'rootOrApp' })] },
    });
    const failure = async (token: string) =>
      (await easemob.raw('GET', '/admin/v1/apps/acme/other', { token })).body;
    expect(await failure('nonsense')).toEqual({ failure: 'tokenCorrupt' });
    expect(await failure('root-token')).toEqual({ failure: 'unknownApp' });
  });
});

describe('tokens', () => {
  it.each([
    ['root', 'root-token', { principal: { kind: 'root' } }],
    ['root', '  root-token ', { principal: { kind: 'root' } }],
    ['root', 'root token', { failure: 'tokenCorrupt' }],
    ['root', 'nonsense', { failure: 'tokenCorrupt' }],
    ['root', null, { failure: 'tokenMissing' }],
    ['none', null, { principal: { kind: 'nobody' } }],
  ] as const)('given a row for %s and the token %s, then %j', async (auth, token, expected) => {
    await start({ mounted: { apis: [sampleApi({ auth })] } });
    expect((await easemob.raw('GET', '/admin/v1/things/1', { token })).body).toEqual(expected);
  });

  it('given a root token with spaces in it, then it is taken whole, without those around it', async () => {
    await start({ mounted: { apis: [sampleApi({ auth: 'root' })] }, rootToken: 'open ~ sesame  now' });
    const ask = (token: string) => easemob.raw('GET', '/admin/v1/things/1', { token });
    expect((await ask('  open ~ sesame  now ')).body).toEqual({ principal: { kind: 'root' } });
    expect((await ask('open ~ sesame now')).body).toEqual({ failure: 'tokenCorrupt' });
  });

  it('given an operator’s row of an app, then the app’s token is good for that app, a user’s is not', async () => {
    await start({
      mounted: { apis: [sampleApi({ path: '/admin/v1/apps/{org}/{app}', auth: 'rootOrApp' })] },
    });
    const ask = (token: string) => easemob.raw('GET', '/admin/v1/apps/acme/im', { token });
    expect((await ask(easemob.appToken)).body).toEqual({ principal: { kind: 'app' } });
    expect((await ask('root-token')).body).toEqual({ principal: { kind: 'root' } });
    expect((await ask(easemob.userToken('u1'))).body).toEqual({ failure: 'notPermitted' });
  });

  it.each([
    'Basic dTpw',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer \u00e4',
    'Bearer a\tb',
    `Bearer ${'x'.repeat(5000)}`,
  ])('given the header %j, then 401', async (authorization) => {
    const answer = await easemob.call('GET', '/users/u1', { token: null, headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(Object.keys(answer.body)).toEqual(vendorFields);
  });
});

describe('bodies', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'text/plain',
    'application/x-www-form-urlencoded',
    'nonsense',
    ';;;',
  ])('given JSON as %s, then it is read', async (type) => {
    const answer = await easemob.call('POST', '/messages/msg_recall', {
      body: JSON.stringify(recall),
      headers: { 'content-type': type },
    });
    expect(answer.status).toBe(200);
  });

  it('given JSON without a content type, then it is read', async () => {
    const body = JSON.stringify(recall);
    expect((await easemob.call('POST', '/messages/msg_recall', { body })).status).toBe(200);
  });

  it('given a form where JSON is read, then 415', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const answer = await easemob.call('POST', '/messages/msg_recall', { body: '--x--', headers });
    expect(answer.status).toBe(415);
  });

  it('given a body of 1 MiB, then it is read; given a byte more, then 413', async () => {
    const of = (bytes: number) => {
      const frame = JSON.stringify({ ...recall, pad: '' }).length;
      return JSON.stringify({ ...recall, pad: 'x'.repeat(bytes - frame) });
    };
    expect((await easemob.call('POST', '/messages/msg_recall', { body: of(1_048_576) })).status).toBe(200);
    const answer = await easemob.call('POST', '/messages/msg_recall', { body: of(1_048_577) });
    expect(answer.status).toBe(413);
    expect(Object.keys(answer.body)).toEqual(vendorFields);
  });

  it('given a body that breaks a row’s schema, then the API may say where, and never what', async () => {
    const body = { type: 'object', properties: { url: { type: 'string' } } };
    await start({ mounted: { apis: [sampleApi({ method: 'POST', body })] } });
    const sent = { token: 'root-token', body: { url: { secret: 'hunter2' } } };
    const answer = await easemob.raw('POST', '/admin/v1/things/1', sent);
    expect(answer.body).toEqual({ failure: 'malformedBody', detail: 'body/url must be string' });
    const odd = { type: 'object', properties: { on: { enum: ['a', 1, null] } } };
    await start({ mounted: { apis: [sampleApi({ method: 'POST', body: odd })] } });
    const ill = await easemob.raw('POST', '/admin/v1/things/1', { ...sent, body: { on: 'hunter2' } });
    const detail = 'body/on must be one of "a", 1, null';
    expect(ill.body).toEqual({ failure: 'malformedBody', detail });
    const broken = await easemob.raw('POST', '/admin/v1/things/1', {
      token: 'root-token',
      body: '{"a": hunter2',
    });
    expect(broken.body).toEqual({ failure: 'malformedBody', detail: 'the body is not JSON' });
  });

  it('given a refused token, then the body is not even parsed', async () => {
    const answer = await easemob.call('POST', '/messages/msg_recall', { token: null, body: '{' });
    expect(answer.status).toBe(401);
  });
});

describe('browsers', () => {
  it('given OPTIONS on a known path, then the SDK’s headers and methods are allowed', async () => {
    const answer = await easemob.call('OPTIONS', '/user/u1/user_channel', { token: null });
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-allow-methods']).toBe('GET, POST, PUT, DELETE');
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    const asked = ['authorization', 'content-type', 'restrict-access', 'share-secret', 'x-requested-with'];
    expect(allowed).toEqual(expect.arrayContaining(asked));
  });

  it('given an error, then a browser may read it too', async () => {
    const answer = await easemob.call('GET', '/users/u1', { token: null });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });
});

describe('a busy or broken server', () => {
  it('given more work than may wait, then 503 and when to come back', async () => {
    await start({
      loop: (loop) => ({ ...loop, submit: () => Promise.reject(new Overloaded('65536 wait')) }),
    });
    const answer = await easemob.call('POST', '/messages/msg_recall', { body: recall });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(Object.keys(answer.body)).toEqual(vendorFields);
  });

  it('given apps that cannot be read, then 500 in the vendor’s shape', async () => {
    easemob.storage.apps.find = () => Promise.reject(new Error('no disk'));
    const answer = await easemob.call('POST', '/messages/msg_recall', { body: recall });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ error: '', error_description: 'internal error' });
  });

  it('given a token that cannot be checked, then 500 in the vendor’s shape', async () => {
    easemob.deps.tokens.verify = () => {
      throw new Error('sealed under another key');
    };
    const answer = await easemob.call('POST', '/messages/msg_recall', { body: recall });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ error: '', error_description: 'internal error' });
  });

  it('given apps that cannot be reached, then 503 in the vendor’s shape, and when to come back', async () => {
    easemob.storage.apps.find = () => Promise.reject(new Unavailable('no connection within 5000 ms'));
    const answer = await easemob.call('POST', '/messages/msg_recall', { body: recall });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(Object.keys(answer.body)).toEqual(vendorFields);
    expect(answer.body).toMatchObject({
      error: 'service_unavailable',
      exception: 'EasemobServiceUnavailableException',
      error_description: 'the server cannot reach its storage, please try again later',
    });
    expect(answer.text).not.toContain('5000');
  });

  it('given a recall and a file that storage does not take now, then 503 for both', async () => {
    const away = () => Promise.reject(new Unavailable('the connection was lost'));
    await start({ loop: (loop) => ({ ...loop, submit: away }), bytes: (bytes) => ({ ...bytes, put: away }) });
    const form = [
      '--x',
      'Content-Disposition: form-data; name="file"; filename="a"',
      '',
      'bytes',
      '--x--',
      '',
    ];
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const answers = [
      await easemob.call('POST', '/messages/msg_recall', { body: recall }),
      await easemob.call('POST', '/chatfiles', { headers, body: form.join('\r\n') }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
  });

  it('given an outage, then it is one warning a minute, never an error for each request', async () => {
    easemob.storage.apps.find = () => Promise.reject(new Unavailable('no connection within 5000 ms'));
    for (let requests = 0; requests < 3; requests += 1) await easemob.call('GET', '/users/u1');
    easemob.clock.advance(60_000);
    await easemob.call('GET', '/users/u1');
    const lines = easemob.logged.filter((line) => !('status' in line));
    const line = { level: 'warn', reason: 'no connection within 5000 ms' };
    expect(lines).toMatchObject([
      { ...line, requests: 1 },
      { ...line, requests: 3 },
    ]);
    expect(lines.some((logged) => 'err' in logged)).toBe(false);
  });

  it('given an answer that cannot be written, then its API says fault', async () => {
    const handle = async () => ({ status: 200, body: 1n });
    await start({ mounted: { apis: [sampleApi({ auth: 'none', handle })] } });
    expect((await easemob.raw('GET', '/admin/v1/things/1')).body).toEqual({ failure: 'fault' });
  });

  it('given a handler that throws at once, then its API says fault', async () => {
    const handle = () => {
      throw new Error('a bug');
    };
    await start({ mounted: { apis: [sampleApi({ auth: 'none', handle })] } });
    expect((await easemob.raw('GET', '/admin/v1/things/1')).body).toEqual({ failure: 'fault' });
  });
});

describe('what is seen of requests', () => {
  it('given requests, then observers and the log see patterns, never ids, queries, bodies or tokens', async () => {
    const seen: object[] = [];
    await start({ mounted: { apis: [], observers: [(answered) => void seen.push(answered)] } });
    await easemob.call('GET', '/users/somebody?share-secret=hunter2');
    await easemob.call('POST', '/messages/msg_recall', {
      body: { ...recall, recallMessageExtensionInfo: 'hunter2' },
    });
    await easemob.raw('GET', '/nowhere/hunter2');
    expect(seen).toMatchObject([
      { method: 'GET', route: '/{org}/{app}/users/{username}', status: 404 },
      { method: 'POST', route: '/{org}/{app}/messages/msg_recall', status: 200 },
      { method: 'GET', route: undefined, status: 404 },
    ]);
    expect(easemob.logged).toHaveLength(3);
    expect(easemob.logged[1]).toMatchObject({ level: 'debug', status: 200, ms: expect.any(Number) });
    const text = JSON.stringify([seen, easemob.logged]);
    for (const secret of ['hunter2', 'somebody', easemob.appToken]) expect(text).not.toContain(secret);
  });
});
