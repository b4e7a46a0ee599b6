import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Attempt } from '@recalld/domain';
import { selfSigned } from '../testing/certificate.js';
import { hang, openReceiver, status } from '../testing/receiver.js';
import type { Answer, Receiver } from '../testing/receiver.js';
import { until } from '../testing/until.js';
import { createCallbackSender } from './sender.js';
import type { CallbackSender, CallbackSenderDeps } from './sender.js';

const requestedAt = 1_700_000_000_000;
const closing: (() => Promise<unknown>)[] = [];
const loopback = async () => [{ address: '127.0.0.1', family: 4 }];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function givenReceiver(answer?: Answer): Promise<Receiver> {
  const receiver = await openReceiver(answer);
  closing.push(() => receiver.close());
  return receiver;
}

function givenSender(change: Partial<CallbackSenderDeps> = {}): CallbackSender {
  const sender = createCallbackSender({ clock: { now: () => requestedAt }, allowPrivate: true, ...change });
  closing.push(() => sender.close());
  return sender;
}

async function givenServer(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

async function post(sender: CallbackSender, url: string, body = '{"a":"ä"}'): Promise<Attempt> {
  const headers = { 'Content-Type': 'application/json' };
  const attempt = await sender.send({ url, headers, body });
  if (attempt === 'cut') throw new Error('nobody cut this request');
  return attempt;
}

describe('a callback on its way', () => {
  it('is POSTed as it stands, and what came of it is kept', async () => {
    const receiver = await givenReceiver((response) => response.end('{"ErrorCode":0}'));

    const attempt = await post(givenSender(), `${receiver.url}/a%20b?x=1&y=%3A#part`);

    expect(attempt).toMatchObject({ requestedAt, status: 200, error: null, answerHead: '{"ErrorCode":0}' });
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

  it('fails at its deadline when no answer comes', async () => {
    const receiver = await givenReceiver(hang);

    const attempt = await post(givenSender({ timeoutMs: 50 }), receiver.url);

    expect(attempt).toMatchObject({ status: null, error: 'no answer within 50 ms', answerHead: null });
  });

  it('has its status at the deadline when the rest of the answer never comes', async () => {
    const receiver = await givenReceiver((response) => response.write('half'));

    const attempt = await post(givenSender({ timeoutMs: 200 }), receiver.url);

    expect(attempt).toMatchObject({ status: 200, error: null, answerHead: 'half' });
  });

  it('has its status when the connection breaks within the answer', async () => {
    const receiver = await givenReceiver((response) => {
      response.write('half', () => response.destroy());
    });

    expect(await post(givenSender(), receiver.url)).toMatchObject({ status: 200, error: null });
  });

  it('fails at its deadline while it still connects', async () => {
    const sender = givenSender({ timeoutMs: 50, resolve: () => new Promise(() => undefined) });

    expect(await post(sender, 'http://slow.example.com/')).toMatchObject({
      status: null,
      error: 'no answer within 50 ms',
    });
  });

  it('can be cut off, under way and before it starts', async () => {
    const receiver = await givenReceiver(hang);
    const sender = givenSender();
    const request = { url: receiver.url, headers: {}, body: '' };

    const sent = sender.send(request);
    await until('the request is there', () => receiver.received.length === 1);
    sender.cut();

    expect(await sent).toBe('cut');
    expect(await sender.send(request)).toBe('cut');
    expect(receiver.received.length).toBe(1);
  });
});

describe('a callback that gets no answer says why in one line', () => {
  it('when nobody listens', async () => {
    const receiver = await openReceiver();
    await receiver.close();

    expect(await post(givenSender(), `${receiver.url}/?Sign=secret`)).toMatchObject({
      status: null,
      error: 'the connection was refused (ECONNREFUSED)',
      answerHead: null,
    });
  });

  it('when the receiver hangs up', async () => {
    const receiver = await givenReceiver((response) => response.destroy());

    expect((await post(givenSender(), receiver.url)).error).toMatch(
      /^the connection was closed without an answer/,
    );
  });

  it('when the answer is not HTTP', async () => {
    const port = await givenServer(createTcpServer((socket) => socket.resume().end('secret words\r\n\r\n')));

    const { error } = await post(givenSender(), `http://127.0.0.1:${port}/`);

    expect(error).toBe('the answer is not HTTP');
  });

  it('when the name is unknown', async () => {
    const missing = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    const sender = givenSender({ resolve: () => Promise.reject(missing) });

    expect((await post(sender, 'http://missing.example.com/')).error).toBe(
      'the host name could not be resolved (ENOTFOUND)',
    );
  });
});

describe('a callback to an address that is not public', () => {
  it.each([
    ['a literal address', 'http://127.0.0.1'],
    ['a decimal address', 'http://2130706433'],
    ['a mapped address', 'http://[::ffff:127.0.0.1]'],
    ['a name of this machine', 'http://localhost'],
    ['a name that resolves to it', 'http://rebound.example.com'],
  ])('is not sent: %s', async (_, host) => {
    const receiver = await givenReceiver();
    const sender = givenSender({ allowPrivate: false, resolve: loopback });

    const attempt = await post(sender, `${host}:${new URL(receiver.url).port}/`);

    expect(attempt).toMatchObject({ status: null, error: 'the address is not public' });
    expect(receiver.received).toEqual([]);
  });

  it('is sent where private addresses are allowed', async () => {
    const receiver = await givenReceiver();
    const sender = givenSender({ allowPrivate: true, resolve: loopback });

    const { port } = new URL(receiver.url);

    expect(await post(sender, `http://named.example.com:${port}/`)).toMatchObject({ status: 200 });
  });
});

describe('a callback over TLS', () => {
  async function givenTlsPort(): Promise<{ readonly port: number; readonly cert: string }> {
    const { key, cert } = selfSigned('backend.example.com');
    const server = createServer({ key, cert }, (_, response) => response.end('{}'));
    closing.push(async () => server.closeAllConnections());
    return { port: await givenServer(server), cert };
  }

  it('is not sent to a receiver whose certificate nobody vouches for', async () => {
    const { port } = await givenTlsPort();
    const sender = givenSender({ resolve: loopback });

    expect((await post(sender, `https://backend.example.com:${port}/`)).error).toBe(
      'the TLS certificate is not valid (DEPTH_ZERO_SELF_SIGNED_CERT)',
    );
  });

  it('is not sent to a receiver with the certificate of another name', async () => {
    const { port, cert } = await givenTlsPort();
    const sender = givenSender({ resolve: loopback, ca: cert });

    expect((await post(sender, `https://other.example.com:${port}/`)).error).toBe(
      'the TLS certificate is not valid (ERR_TLS_CERT_ALTNAME_INVALID)',
    );
  });

  it('is sent to a receiver with a certificate that is trusted', async () => {
    const { port, cert } = await givenTlsPort();
    const sender = givenSender({ resolve: loopback, ca: cert });

    expect(await post(sender, `https://backend.example.com:${port}/`)).toMatchObject({ status: 200 });
  });
});
