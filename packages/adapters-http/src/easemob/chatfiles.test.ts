import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { Answered, EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;
/** What reached the store of bytes, and how its pieces came. */
let puts: { readonly id: string; outcome: string; largestPiece: number }[];
let putEnded: Promise<void>;

beforeEach(async () => {
  puts = [];
  let end = (): void => undefined;
  putEnded = new Promise((resolve) => (end = resolve));
  easemob = await startEasemobServer({
    bytes: (bytes) => ({
      ...bytes,
      async put(id, file, bytesMax) {
        const put = { id, outcome: 'open', largestPiece: 0 };
        puts.push(put);
        async function* watched(): AsyncIterable<Uint8Array> {
          for await (const piece of file) {
            put.largestPiece = Math.max(put.largestPiece, piece.byteLength);
            yield piece;
          }
        }
        try {
          const size = await bytes.put(id, watched(), bytesMax);
          put.outcome = 'stored';
          return size;
        } catch (fault) {
          put.outcome = 'refused';
          throw fault;
        } finally {
          end();
        }
      },
    }),
  });
});

afterEach(() => easemob.server.close());

const boundary = 'form-boundary';
const formType = { 'content-type': `multipart/form-data; boundary=${boundary}` };

interface Part {
  readonly name: string;
  readonly bytes: Buffer | string;
  readonly fileName?: string;
  readonly type?: string;
}

function form(...parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ name, bytes, fileName, type }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`),
    Buffer.from(fileName === undefined ? '' : `; filename="${fileName}"`),
    Buffer.from(type === undefined ? '\r\n\r\n' : `\r\nContent-Type: ${type}\r\n\r\n`),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

const cat: Part = {
  name: 'file',
  bytes: Buffer.alloc(200_000, 'cat'),
  fileName: 'cat.png',
  type: 'image/png',
};

function upload(
  body: Buffer | string,
  headers: Record<string, string> = {},
  token?: string,
): Promise<Answered> {
  const sent = { body, headers: { ...formType, ...headers }, ...(token === undefined ? {} : { token }) };
  return easemob.call('POST', '/chatfiles', sent);
}

interface Uploaded {
  readonly uuid: string;
  readonly secret: string;
}

async function uploaded(body = form(cat), headers: Record<string, string> = {}): Promise<Uploaded> {
  const answer = await upload(body, headers);
  const [entity] = answer.body['entities'] as readonly { uuid: string; 'share-secret': string }[];
  return { uuid: entity?.uuid ?? '', secret: entity?.['share-secret'] ?? '' };
}

const download = (uuid: string, headers: Record<string, string> = {}, query = '') =>
  easemob.call('GET', `/chatfiles/${uuid}${query}`, { token: null, headers });

describe('upload', () => {
  it('given a form with a file, then its uuid and a secret that is nowhere kept', async () => {
    const answer = await upload(form({ name: 'note', bytes: 'x' }, cat));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      path: '/chatfiles',
      action: 'post',
      uri: 'http://chat.example.com/acme/im/chatfiles',
      entities: [{ uuid: expect.any(String), type: 'chatfile', 'share-secret': expect.any(String) }],
    });
    const [entity] = answer.body['entities'] as readonly { uuid: string; 'share-secret': string }[];
    const kept = await easemob.storage.attachments.find(easemob.app.no, entity?.uuid ?? '');
    expect(kept).toMatchObject({
      fileName: 'cat.png',
      contentType: 'image/png',
      sizeBytes: 200_000,
      restricted: false,
    });
    expect(JSON.stringify(kept)).not.toContain(entity?.['share-secret']);
  });

  it('given any user’s token, then the user may upload', async () => {
    expect((await upload(form(cat), {}, easemob.userToken('u1'))).status).toBe(200);
    expect((await upload(form(cat), {}, 'nonsense')).status).toBe(401);
  });

  it('given 10 MB, then it is stored; given a byte more, then 413 and nothing is', async () => {
    const of = (size: number) => form({ ...cat, bytes: Buffer.alloc(size) });
    expect((await upload(of(10_485_760))).status).toBe(200);
    const answer = await upload(of(10_485_761));
    expect(answer.status).toBe(413);
    expect(answer.body['error_description']).toBe('file exceeding maximum limit');
    expect(puts.map(({ outcome }) => outcome)).toEqual(['stored', 'refused']);
    expect((await upload(of(20_000_000))).status).toBe(413);
    expect(puts).toHaveLength(2);
  });

  it.each([
    ['no file', form({ name: 'note', bytes: 'x' })],
    ['a file of another name', form({ ...cat, name: 'attachment' })],
    ['an empty form', Buffer.from(`--${boundary}--\r\n`)],
    ['nothing', Buffer.alloc(0)],
    ['no form at all', Buffer.from('{"file":"x"}')],
    ['a form that ends within its file', form(cat).subarray(0, 100_000)],
    [
      'a form that ends behind its file',
      form(cat, { name: 'note', bytes: 'x'.repeat(900) }).subarray(0, -500),
    ],
  ])('given %s, then 400 and no file stays', async (_, body) => {
    const answer = await upload(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: 'illegal_argument',
      error_description: 'file must be provided.',
    });
    for (const { id } of puts) expect(await easemob.deps.attachmentBytes.open(id)).toBeUndefined();
  });

  it.each(['application/json', 'multipart/form-data', 'multipart/mixed; boundary=x', 'nonsense'])(
    'given the content type %s, then 415',
    async (type) => {
      const answer = await upload(form(cat), { 'content-type': type });
      expect(answer.status).toBe(415);
      expect(answer.body).toMatchObject({
        error: 'web_application',
        error_description: 'Unsupported Media Type',
      });
    },
  );

  it('given a store that fails, then 500 without a word of it', async () => {
    easemob = await startEasemobServer({
      bytes: (bytes) => ({ ...bytes, put: () => Promise.reject(new Error('disk /dev/sda1 is full')) }),
    });
    const answer = await upload(form(cat));
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('sda1');
  });

  it('given a client that goes away half-way, then the store is told and keeps nothing', async () => {
    await easemob.server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = easemob.server.server.address() as AddressInfo;
    const body = form(cat);
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /acme/im/chatfiles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${easemob.appToken}\r\n` +
        `Content-Type: ${formType['content-type']}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.subarray(0, 150_000), () => socket.destroy());
    await putEnded;
    expect(puts).toMatchObject([{ outcome: 'refused' }]);
    expect(puts[0]?.largestPiece).toBeLessThan(150_000);
  });
});

describe('download', () => {
  it('given an open file, then its bytes with headers that make it harmless', async () => {
    const { uuid } = await uploaded(form({ ...cat, fileName: "猫'\u2019s.png", bytes: 'meow' }));
    const answer = await download(uuid);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('meow');
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '4',
      'content-disposition': "attachment; filename*=UTF-8''%E7%8C%AB%27%E2%80%99s.png",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    });
  });

  it.each(['text/html; charset=x', 'nonsense', 'a/b\u0001', ''])(
    'given the type %j, then it is plain bytes or harmless',
    async (type) => {
      const { uuid } = await uploaded(form({ ...cat, type }));
      const { headers } = await download(uuid);
      expect(['text/html', 'text/plain', 'application/octet-stream']).toContain(headers['content-type']);
      expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    },
  );

  it('given a restricted file, then its secret opens it as a header or in the query, and nothing else does', async () => {
    const { uuid, secret } = await uploaded(form(cat), { 'restrict-access': 'true' });
    expect((await download(uuid, { 'share-secret': secret })).status).toBe(200);
    expect((await download(uuid, {}, `?em-redirect=true&share-secret=${secret}`)).status).toBe(200);
    for (const answer of [await download(uuid), await download(uuid, { 'share-secret': 'x' })]) {
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ error: 'auth_bad_access_token' });
    }
  });

  it.each([
    ['true', 401],
    ['TRUE', 401],
    ['True', 401],
    ['1', 401],
    ['yes', 401],
    ['no', 401],
    ['false', 200],
    ['False', 200],
    [' ', 200],
  ] as const)(
    'given restrict-access: %s, then a download without the secret answers %d',
    async (value, status) => {
      const { uuid } = await uploaded(form(cat), { 'restrict-access': value });
      expect((await download(uuid)).status).toBe(status);
    },
  );

  it('given that a message with the file was recalled, then 404, for its thumbnail too', async () => {
    const { uuid } = await uploaded();
    const url = `https://other.host/acme/im/chatfiles/${uuid}`;
    const msgId = await easemob.send('u2', { type: 'video', body: { url: 'x', thumb: url } });
    expect((await download(uuid)).status).toBe(200);
    await easemob.recall(msgId);
    const gone = await download(uuid);
    expect(gone.status).toBe(404);
    expect(gone.body).toMatchObject({ error: 'entity_not_found', error_description: 'file may not exists' });
  });

  it('given that another message still has the file, then it stays', async () => {
    const { uuid } = await uploaded();
    const image = { type: 'img', body: { url: `/acme/im/chatfiles/${uuid}?x=1` } };
    const first = await easemob.send('u2', image);
    await easemob.send('u3', image);
    await easemob.recall(first);
    expect((await download(uuid)).status).toBe(200);
  });

  it('given a link to a file of another app, then the message does not refer to it', async () => {
    const { uuid } = await uploaded();
    const msgId = await easemob.send('u2', {
      type: 'img',
      body: { url: `https://h/acme/other/chatfiles/${uuid}` },
    });
    await easemob.recall(msgId);
    expect((await download(uuid)).status).toBe(200);
  });

  it('given an expired and an unknown file, then each has its 404', async () => {
    const { uuid } = await uploaded();
    await easemob.storage.attachments.markExpired([{ app: easemob.app.no, id: uuid }]);
    const expired = await download(uuid);
    expect(expired.status).toBe(404);
    expect(expired.body).toMatchObject({
      error: 'file_expired',
      error_description: `file ${uuid} is expired`,
    });
    expect((await download('nowhere')).body).toMatchObject({ error: 'entity_not_found' });
  });
});

describe('as the web SDK asks for it (msync)', () => {
  it('given its form, then the file is kept, and its link for pictures opens it without a token', async () => {
    const body = form(
      cat,
      { name: 'thumbnail-width', bytes: '200' },
      { name: 'thumbnail-height', bytes: '100' },
    );
    const headers = { ...formType, 'restrict-access': 'true', accept: '*/*' };
    const token = easemob.userToken('u1');
    const path = '/chatfiles?chat-type=CHAT&chat-target=u2';
    const answer = await easemob.call('POST', path, { body, headers, token });
    expect(answer.body).toMatchObject({ uri: 'http://chat.example.com/acme/im/chatfiles' });
    const [entity] = answer.body['entities'] as readonly { uuid: string; 'share-secret': string }[];
    const link = `?em-redirect=true&share-secret=${entity?.['share-secret'] ?? ''}`;
    const uuid = entity?.uuid ?? '';
    expect((await download(uuid, {}, `${link}&thumbnail=true`)).status).toBe(200);
    expect((await download(uuid, {}, '?em-redirect=true')).status).toBe(401);
  });

  it('given the start of an upload in parts, then an error that a page may read: it uploads at once instead', async () => {
    const path = '/sdk/chatfiles/part-upload';
    const answer = await easemob.call('POST', path, { token: easemob.userToken('u1') });
    expect(answer.status).toBe(400);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.body).toMatchObject({ error: 'unsupported_service_operation' });
    expect((await easemob.call('OPTIONS', path, { token: null })).status).toBe(204);
  });
});
