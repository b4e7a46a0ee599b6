import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createAuthority } from '../testing/certificate.js';
import { givenProxy } from '../testing/proxy.js';
import { openReceiver } from '../testing/receiver.js';
import { deafPort, givenReceiver, givenSender, listen, post } from '../testing/sending.js';
import { openTunnel, parseProxy, proxyRefusal } from './proxy.js';

const authority = createAuthority('Our own authority');

/** Names are the proxy's to resolve. */
const resolve = () => Promise.reject(new Error('nobody here resolves the name of a receiver'));

describe('a callback through a proxy', () => {
  it('goes through a tunnel, by name', async () => {
    const receiver = await givenReceiver();
    const { port } = new URL(receiver.url);
    const proxy = await givenProxy();
    const sender = givenSender({ proxyUrl: `http://127.0.0.1:${proxy.port}`, resolve });

    expect(await post(sender, `http://backend.example.com:${port}/a?b=c`)).toMatchObject({ status: 200 });
    expect(proxy.asked).toMatchObject([{ authority: `backend.example.com:${port}` }]);
    expect(proxy.asked[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(receiver.received).toMatchObject([
      { path: '/a?b=c', headers: { host: `backend.example.com:${port}` } },
    ]);
  });

  it('uses its tunnel again', async () => {
    const receiver = await givenReceiver();
    const proxy = await givenProxy();
    const sender = givenSender({ proxyUrl: `http://127.0.0.1:${proxy.port}` });

    for (let n = 0; n < 10; n += 1) await post(sender, receiver.url);

    expect(receiver.received.length).toBe(10);
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
  });

  it('has TLS with the receiver, as its rule asks', async () => {
    const server = createTlsServer(authority.issue('backend.example.com'), (_, response) =>
      response.end('{}'),
    );
    const port = await listen(server);
    const proxy = await givenProxy();
    const sender = givenSender({ proxyUrl: `http://127.0.0.1:${proxy.port}`, resolve });
    const tls = { ca: authority.cert, client: null };

    expect(await post(sender, `https://backend.example.com:${port}/`, { tls })).toMatchObject({
      status: 200,
    });
    expect((await post(sender, `https://other.example.com:${port}/`, { tls })).error).toBe(
      'the TLS certificate is not valid (ERR_TLS_CERT_ALTNAME_INVALID)',
    );
    expect((await post(sender, `https://backend.example.com:${port}/`)).error).toBe(
      'the TLS certificate is not valid (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    );
  });

  it('shows the proxy the credentials of its URL, and the receiver none', async () => {
    const receiver = await givenReceiver();
    const authorization = `Basic ${Buffer.from('us:er:p@ss wörd').toString('base64')}`;
    const proxy = await givenProxy({ authorization });
    const sender = givenSender({ proxyUrl: `http://us%3Aer:p%40ss%20w%C3%B6rd@127.0.0.1:${proxy.port}/` });

    const attempt = await post(sender, receiver.url);

    expect(attempt.status).toBe(200);
    expect(receiver.received[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(JSON.stringify(attempt)).not.toContain(authorization);
  });

  it.each([
    ['a literal address', 'http://127.0.0.1', 'the address is not public'],
    ['a name of this machine', 'http://localhost', 'the address is not public'],
    ['a host that is not listed', 'http://backend.example.net', 'the host is none that callbacks may go to'],
  ])('is refused as without one: %s', async (_, origin, error) => {
    const receiver = await givenReceiver();
    const proxy = await givenProxy();
    const egress = { allowPrivate: false, allowHosts: ['*.example.com'] };
    const sender = givenSender({ egress, proxyUrl: `http://127.0.0.1:${proxy.port}` });

    expect((await post(sender, `${origin}:${new URL(receiver.url).port}/`)).error).toBe(error);
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    [407, 'the proxy does not take these credentials (407)'],
    [403, 'the proxy refused the connection (403)'],
    [302, 'the proxy refused the connection (302)'],
    ['hangUp', 'the proxy cannot be used: the connection was closed without an answer (ECONNRESET)'],
    ['garble', 'the proxy cannot be used: the answer is not HTTP (HPE_INVALID_CONSTANT)'],
  ] as const)('says so when the proxy opens no tunnel: %s', async (tunnelling, error) => {
    const receiver = await givenReceiver();
    const proxy = await givenProxy({ tunnelling, authorization: 'Basic dXNlcjpzZWNyZXQ=' });
    const sender = givenSender({ proxyUrl: `http://user:secret@127.0.0.1:${proxy.port}` });

    expect(await post(sender, receiver.url)).toMatchObject({ status: null, error });
    expect(receiver.received).toEqual([]);
  });

  it.each([
    ['hangs', async () => (await givenProxy({ tunnelling: 'hang' })).port],
    ['answers no SYN', deafPort],
  ])('ends at the deadline of connecting when the proxy %s', async (_, givenPort) => {
    const receiver = await givenReceiver();
    const timeouts = { connectMs: 500, totalMs: 20_000 };
    const sender = givenSender({ proxyUrl: `http://127.0.0.1:${await givenPort()}`, timeouts });

    expect((await post(sender, receiver.url)).error).toBe('the proxy made no connection within 500 ms');
  });

  it('says so when there is no proxy', async () => {
    const gone = await openReceiver();
    await gone.close();

    expect((await post(givenSender({ proxyUrl: gone.url }), 'http://backend.example.com/')).error).toBe(
      'the proxy cannot be used: the connection was refused (ECONNREFUSED)',
    );
  });
});

describe('a proxy that is spoken to over TLS', () => {
  it('is not used when nobody vouches for its certificate', async () => {
    const proxy = await givenProxy({ certified: authority.issue('localhost') });
    const sender = givenSender({ proxyUrl: `https://localhost:${proxy.port}` });

    expect((await post(sender, 'http://backend.example.com/')).error).toBe(
      'the proxy cannot be used: the TLS certificate is not valid (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    );
    expect(proxy.asked).toEqual([]);
  });
});

describe('a tunnel over TLS', () => {
  it('carries the TLS of a receiver', async () => {
    const { cert: ca } = authority;
    const server = createTlsServer(authority.issue('backend.example.com'), (_, response) => response.end());
    const target = `backend.example.com:${await listen(server)}`;
    const { port, asked } = await givenProxy({ certified: authority.issue('localhost') });
    const outer = connectTls({ host: 'localhost', port, ca });
    await once(outer, 'secureConnect');

    const tunnel = await openTunnel(
      outer,
      { secure: true, hostname: 'localhost', port, authorization: null },
      target,
    );
    const inner = connectTls({ socket: tunnel, servername: 'backend.example.com', ca });
    await once(inner, 'secureConnect');

    expect(inner.authorized).toBe(true);
    expect(asked).toMatchObject([{ authority: target }]);
    inner.destroy();
  });
});

describe('the URL of a proxy', () => {
  it.each([
    [
      'http://proxy.example.com',
      { secure: false, hostname: 'proxy.example.com', port: 80, authorization: null },
    ],
    [
      'https://proxy.example.com/',
      { secure: true, hostname: 'proxy.example.com', port: 443, authorization: null },
    ],
    ['http://[::1]:3128', { secure: false, hostname: '::1', port: 3128, authorization: null }],
    [
      'http://u:p@10.0.0.1:3128',
      { secure: false, hostname: '10.0.0.1', port: 3128, authorization: 'Basic dTpw' },
    ],
    ['http://u@proxy:3128', { secure: false, hostname: 'proxy', port: 3128, authorization: 'Basic dTo=' }],
  ])('may be %s', (text, proxy) => {
    expect(parseProxy(text)).toEqual(proxy);
    expect(proxyRefusal(text)).toBeUndefined();
  });

  it.each([
    '',
    'proxy.example.com:3128',
    'socks5://proxy.example.com',
    'http://',
    'http:proxy',
    'http://proxy.example.com/path',
    'http://proxy.example.com/?query',
    'http://proxy.example.com/#part',
    'http://user:%ff@proxy.example.com',
    'http://proxy.example.com:65536',
  ])('is not %j', (text) => {
    expect(proxyRefusal(text)).toMatch(/^a proxy is /);
  });

  it('is not repeated by what refuses it', () => {
    const text = 'socks5://user:secret@proxy.example.com';

    expect(proxyRefusal(text)).not.toContain('secret');
    expect(() => givenSender({ proxyUrl: text })).toThrow('the URL of the proxy for callbacks is none');
  });
});
