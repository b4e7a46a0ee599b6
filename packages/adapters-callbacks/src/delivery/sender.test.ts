import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { hang, openReceiver, status } from '../testing/receiver.js';
import { sampleNow } from '../testing/samples.js';
import { givenReceiver, givenSender, listen, loopback, post, send, unknownName } from '../testing/sending.js';
import { until } from '../testing/until.js';

describe('a callback on its way', () => {
  it('is POSTed as it stands, and what came of it is kept', async () => {
    const receiver = await givenReceiver((response) => response.end('{"ErrorCode":0}'));
    const url = `${receiver.url}/a%20b?x=1&y=%3A#part`;

    const attempt = await post(givenSender(), url);

    expect(attempt).toEqual({
      requestedAt: sampleNow,
      tookMs: attempt.tookMs,
      request: { url, headers: { 'Content-Type': 'application/json' } },
      status: 200,
      error: null,
      answerHead: '{"ErrorCode":0}',
    });
    expect(attempt.tookMs).toBeGreaterThanOrEqual(0);
    expect(receiver.received).toMatchObject([
      {
        method: 'POST',
        path: '/a%20b?x=1&y=%3A',
        body: '{"a":"ä"}',
        headers: { 'content-type': 'application/json', 'content-length': '10' },
      },
    ]);
  });

  it.each([201, 204, 400, 404, 410, 500, 503])('is answered %i and that is no error', async (code) => {
    const receiver = await givenReceiver(status(code));

    expect(await post(givenSender(), receiver.url)).toMatchObject({ status: code, error: null });
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (code) => {
    const other = await givenReceiver();
    const receiver = await givenReceiver((response) =>
      response.writeHead(code, { location: other.url }).end(),
    );

    expect(await post(givenSender(), receiver.url)).toMatchObject({ status: code });
    expect(other.received).toEqual([]);
  });

  it('waits for the answer that follows an interim one', async () => {
    const receiver = await givenReceiver((response) =>
      response.writeEarlyHints({ link: '</x>; rel=preload', 'retry-after': '9' }, () => response.end('{}')),
    );

    expect(await send(givenSender(), receiver.url)).toMatchObject({
      attempt: { status: 200 },
      retryAfterMs: null,
    });
  });

  it.each([
    ['120', 120_000],
    [new Date(sampleNow + 30_000).toUTCString(), 30_000],
    ['soon', null],
  ])('tells what the receiver asks with Retry-After: %s', async (header, retryAfterMs) => {
    const receiver = await givenReceiver((response) =>
      response.writeHead(503, { 'Retry-After': header }).end(),
    );

    expect(await send(givenSender(), receiver.url)).toMatchObject({ attempt: { status: 503 }, retryAfterMs });
  });

  it('uses connections again', async () => {
    const receiver = await givenReceiver();
    const sender = givenSender();

    for (let n = 0; n < 20; n += 1) await post(sender, receiver.url);

    // One may still be busy with its last answer when the next request comes.
    expect(new Set(receiver.received.map(({ port }) => port)).size).toBeLessThanOrEqual(2);
  });

  it('reads the first 4,096 bytes of a long answer and cuts the rest', async () => {
    let cut = false;
    const receiver = await givenReceiver((response) => {
      response.on('close', () => (cut = true));
      const more = () => {
        while (!cut && response.write('x'.repeat(1_024)));
      };
      response.on('drain', more);
      more();
    });

    const attempt = await post(givenSender(), receiver.url);

    expect(attempt).toMatchObject({ status: 200, error: null, answerHead: 'x'.repeat(4_096) });
    await until('the connection is cut', () => cut);
  });

  it('keeps text alone of an answer in bytes', async () => {
    const receiver = await givenReceiver((response) => response.end(Buffer.from([0x61, 0x00, 0xff, 0x62])));

    expect(await post(givenSender(), receiver.url)).toMatchObject({ answerHead: 'a\ufffd\ufffdb' });
  });

  it('has its status when the connection breaks within the answer', async () => {
    const receiver = await givenReceiver((response) => {
      response.write('half', () => response.destroy());
    });

    expect(await post(givenSender(), receiver.url)).toMatchObject({ status: 200, error: null });
  });

  it('can be cut off, under way and before it starts', async () => {
    const receiver = await givenReceiver(hang);
    const sender = givenSender();
    const request = { url: receiver.url, headers: {}, body: '' };

    const sent = sender.send(request, null);
    await until('the request is there', () => receiver.received.length === 1);
    sender.cut();

    expect(await sent).toBe('cut');
    expect(await sender.send(request, null)).toBe('cut');
    expect(receiver.received.length).toBe(1);
  });
});

describe('a callback that gets no answer says why in one line', () => {
  it('when nobody listens', async () => {
    const receiver = await openReceiver();
    await receiver.close();

    expect(await send(givenSender(), `${receiver.url}/?Sign=secret`)).toMatchObject({
      attempt: { status: null, error: 'the connection was refused (ECONNREFUSED)', answerHead: null },
      retryAfterMs: null,
    });
  });

  it('when the receiver hangs up', async () => {
    const receiver = await givenReceiver((response) => response.destroy());

    expect((await post(givenSender(), receiver.url)).error).toMatch(
      /^the connection was closed without an answer/,
    );
  });

  it('when the answer is not HTTP', async () => {
    const port = await listen(createTcpServer((socket) => socket.resume().end('secret words\r\n\r\n')));

    expect((await post(givenSender(), `http://127.0.0.1:${port}/`)).error).toBe('the answer is not HTTP');
  });

  it.each([
    ['one long header', `X-Long: ${'x'.repeat(20_000)}\r\n`],
    ['many headers', Array.from({ length: 1_500 }, (_, n) => `X-${n}: ${n}${n}\r\n`).join('')],
  ])('when the answer has %s', async (_, headers) => {
    const answer = `HTTP/1.1 200 OK\r\n${headers}Content-Length: 0\r\n\r\n`;
    const port = await listen(createTcpServer((socket) => socket.resume().write(answer)));

    expect((await post(givenSender(), `http://127.0.0.1:${port}/`)).error).toBe(
      'the headers of the answer are too long (UND_ERR_HEADERS_OVERFLOW)',
    );
  });

  it('when the name is unknown', async () => {
    const sender = givenSender({ resolve: () => Promise.reject(unknownName()) });

    expect((await post(sender, 'http://missing.example.com/')).error).toBe(
      'the host name could not be resolved (ENOTFOUND)',
    );
  });

  it.each([
    ['has no URL', { url: 'nowhere', headers: {} }],
    ['has a header that is none', { url: 'http://127.0.0.1:9/', headers: { 'X-A': 'a\r\nX-B: b' } }],
  ])('when the request %s', async (_, request) => {
    const sent = await givenSender().send({ ...request, body: '' }, null);

    expect(sent).toMatchObject({
      attempt: { status: null, error: expect.stringMatching(/^the request failed/) },
    });
  });
});

describe('a callback to an address that it may not go to', () => {
  it.each([
    ['a literal address', 'http://127.0.0.1'],
    ['a decimal address', 'http://2130706433'],
    ['a mapped address', 'http://[::ffff:127.0.0.1]'],
    ['a name of this machine', 'http://localhost'],
    ['a name that resolves to it', 'http://rebound.example.com'],
  ])('is not sent: %s', async (_, host) => {
    const receiver = await givenReceiver();
    const sender = givenSender({ egress: { allowPrivate: false }, resolve: loopback });

    const attempt = await post(sender, `${host}:${new URL(receiver.url).port}/`);

    expect(attempt).toMatchObject({ status: null, error: 'the address is not public' });
    expect(receiver.received).toEqual([]);
  });

  it('is not sent to a host that is not listed', async () => {
    const receiver = await givenReceiver();
    const { port } = new URL(receiver.url);
    const sender = givenSender({ egress: { allowHosts: ['*.example.com'] }, resolve: loopback });

    expect((await post(sender, `http://named.example.net:${port}/`)).error).toBe(
      'the host is none that callbacks may go to',
    );
    expect(receiver.received).toEqual([]);
    expect((await post(sender, `http://named.example.com:${port}/`)).status).toBe(200);
  });

  it('is not sent to a name that has been rebound since the last one', async () => {
    const receiver = await givenReceiver((response) =>
      response.writeHead(200, { connection: 'close' }).end(),
    );
    const url = `http://rebound.example.com:${new URL(receiver.url).port}/`;
    const answers = ['127.0.0.1', '169.254.169.254'];
    const resolve = async () => [{ address: answers.shift() ?? '127.0.0.1', family: 4 }];
    const sender = givenSender({ egress: { allowRanges: ['127.0.0.1'] }, resolve });

    expect((await post(sender, url)).status).toBe(200);
    expect((await post(sender, url)).error).toBe('the address is not public');
    expect(receiver.received.length).toBe(1);
  });

  it('goes to the very addresses that were judged: nobody resolves a name twice', async () => {
    const receiver = await givenReceiver();
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return loopback();
    };

    const attempt = await post(
      givenSender({ resolve }),
      `http://named.example.com:${new URL(receiver.url).port}/`,
    );

    expect(attempt.status).toBe(200);
    expect(asked).toBe(1);
  });
});
