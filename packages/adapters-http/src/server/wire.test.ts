import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Api } from '../route.js';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';
import { openWire, readAnswer, speak } from '../testing/wire.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});
afterEach(() => easemob.server.close());

const vendorFields = ['error', 'exception', 'timestamp', 'duration', 'error_description'];
const host = 'Host: a';
const close = 'Connection: close';

function request(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, ...headers, '', ''].join('\r\n');
}

async function ask(written: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const { status, body } = readAnswer(await speak(easemob.server, written));
  return { status, body: Object(body) as Record<string, unknown> };
}

/** A GET of the app's backend. */
function get(target: string, ...headers: readonly string[]): string {
  return request(`GET ${target}`, host, close, `Authorization: Bearer ${easemob.appToken}`, ...headers);
}

describe('what is not HTTP', () => {
  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['headers without end', request('GET /', 'Host: x', `X: ${'y'.repeat(40_000)}`), 431],
    ['a path in raw UTF-8', request('GET /acme/im/users/张三', host), 400],
    ['no length', request('POST /', host, 'Content-Length: x'), 400],
    ['no target', request('GET ', host), 400],
  ])('given %s, then a short answer in the vendor’s shape', async (_, written, status) => {
    const answer = await ask(written);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body)).toEqual(vendorFields);
  });
});

describe('request targets', () => {
  it.each(['OPTIONS', 'GET', 'POST', 'DELETE'])(
    'given %s *, then 404 in the vendor’s shape',
    async (method) => {
      const answer = await ask(request(`${method} *`, host, close));
      expect(answer.status).toBe(404);
      expect(Object.keys(answer.body)).toEqual(vendorFields);
      expect(easemob.logged.filter((line) => 'err' in line)).toEqual([]);
    },
  );

  it.each([
    ['http://other/acme/im/users/u1/user_channels?limit=3', 200],
    ['HTTP://other/acme/im/users/u1/user_channels', 200],
    ['http://other', 404],
    ['http://other?x=/acme/im/users/u1', 404],
  ])('given the absolute form %s, then its path counts', async (target, status) => {
    const answer = await ask(get(target));
    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.body['uri']).toBe('http://a/acme/im/users/u1/user_channels');
    else expect(Object.keys(answer.body)).toEqual(vendorFields);
  });

  it('given an absolute form below another API, then that API answers', async () => {
    await easemob.server.close();
    const refuse: Api['refuse'] = (failure) => ({ status: 418, body: { failure } });
    const admin: Api = { name: 'admin', prefix: '/admin/', routes: [], refuse };
    easemob = await startEasemobServer({ mounted: { apis: [admin] } });
    expect(await ask(get('http://a/admin/v1/nothing'))).toEqual({
      status: 418,
      body: { failure: 'unknownRoute' },
    });
  });
});

describe('heads of requests', () => {
  it('given headers twice, then the first host and token count, and a list of schemes is none', async () => {
    const twice = [
      'Host: b',
      'Authorization: Bearer x',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Proto: ftp',
    ];
    const { body } = await ask(get('/acme/im/users/u1/user_channels', ...twice));
    expect(body['uri']).toBe('http://a/acme/im/users/u1/user_channels');
  });

  it.each(['GET /acme/im/users/u1', 'POST /nowhere', 'PUT /acme/im/users/u1'])(
    'given %s without a host, then 400 in the vendor’s shape',
    async (line) => {
      const answer = await ask(request(line, close));
      expect(answer.status).toBe(400);
      expect(Object.keys(answer.body)).toEqual(vendorFields);
    },
  );

  it('given HTTP/1.0, then it needs no host', async () => {
    const heard = await speak(easemob.server, 'GET /nowhere HTTP/1.0\r\n\r\n');
    expect(readAnswer(heard).status).toBe(404);
  });

  it('given an expectation that nobody meets, then 417 in the vendor’s shape', async () => {
    const answer = await ask(get('/acme/im/users/u1', 'Expect: banana'));
    expect(answer.status).toBe(417);
    expect(Object.keys(answer.body)).toEqual(vendorFields);
  });

  it('given 100-continue, then the body is asked for and read', async () => {
    const body = '{"username":"anna","password":"pw"}';
    const head = request(
      'POST /acme/im/users',
      host,
      close,
      `Authorization: Bearer ${easemob.appToken}`,
      'Expect: 100-continue',
      `Content-Length: ${body.length}`,
    );
    const heard = await speak(easemob.server, head + body);
    expect(heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('given CONNECT, then 405 in the vendor’s shape', async () => {
    const answer = await ask(request('CONNECT example.com:443', host));
    expect(answer.status).toBe(405);
    expect(Object.keys(answer.body)).toEqual(vendorFields);
  });

  it('given CONNECT from somebody who is gone at once, then the server stays', async () => {
    const { socket } = await openWire(easemob.server);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(request('CONNECT example.com:443', host));
    socket.resetAndDestroy();
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await ask(get('/nowhere'))).status).toBe(404);
  });
});

/** Something to wait for. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

describe('a server that closes', () => {
  it('given one more request on a busy connection, then it is answered like any other', async () => {
    await easemob.server.close();
    const [decides, closes, answersUnknown] = [gate(), gate(), gate()];
    easemob = await startEasemobServer({
      loop: (loop) => ({
        ...loop,
        async submit(commands) {
          decides.open();
          await answersUnknown.opened;
          return loop.submit(commands);
        },
      }),
      mounted: { apis: [], observers: [({ status }) => void (status === 404 && answersUnknown.open())] },
    });
    easemob.server.addHook('preClose', async () => closes.open());
    const { socket, heard } = await openWire(easemob.server);
    const recall = '{"msg_id":"1","to":"u2","chat_type":"chat","force":true}';
    const token = `Authorization: Bearer ${easemob.appToken}`;
    const line = 'POST /acme/im/messages/msg_recall';
    socket.write(request(line, host, token, `Content-Length: ${recall.length}`) + recall);
    await decides.opened;
    const closed = easemob.server.close();
    await closes.opened;

    socket.write(get('/nowhere'));

    const [first = '', second = ''] = (await heard).split(/(?<=})(?=HTTP)/);
    expect(readAnswer(first).status).toBe(200);
    expect(readAnswer(second)).toMatchObject({ status: 404, body: { error: 'service_resource_not_found' } });
    await closed;
  });
});
