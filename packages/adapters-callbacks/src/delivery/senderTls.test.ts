import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RuleTls } from '@recalld/domain';
import { createAuthority, selfSigned } from '../testing/certificate.js';
import { givenSender, listen, loopback, post } from '../testing/sending.js';

const ours = createAuthority('Our own authority');
const theirs = createAuthority('Another authority');
const name = 'backend.example.com';

interface TlsReceiver {
  readonly url: string;
  /** The subject of the client's certificate, for each request; null: none. */
  readonly clients: (string | null)[];
}

async function givenTlsReceiver(options: ServerOptions, host = name): Promise<TlsReceiver> {
  const clients: (string | null)[] = [];
  const server = createServer(options, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    clients.push((subject as { CN: string } | undefined)?.CN ?? null);
    response.end('{}');
  });
  return { url: `https://${host}:${await listen(server)}/`, clients };
}

function trusting(...authorities: readonly { readonly cert: string }[]): RuleTls {
  return { ca: authorities.map(({ cert }) => cert).join(''), client: null };
}

function showing(client: { readonly cert: string; readonly key: string }): RuleTls {
  return { ca: ours.cert, client: { certificate: client.cert, sealedKey: `sealed ${client.key}` } };
}

function givenTlsSender(opened: string[] = []) {
  const openSecret = (sealed: string) => {
    opened.push(sealed);
    return sealed.replace(/^sealed /, '');
  };
  return givenSender({ resolve: loopback, openSecret });
}

describe('a callback over TLS is sent', () => {
  it('to a receiver whose private authority the rule names', async () => {
    const { url } = await givenTlsReceiver(ours.issue(name));

    expect(await post(givenTlsSender(), url, { tls: trusting(ours) })).toMatchObject({
      status: 200,
      error: null,
    });
    expect(await post(givenTlsSender(), url, { tls: trusting(theirs, ours) })).toMatchObject({ status: 200 });
  });

  it('to a receiver whose authority is below another one that the rule does not name', async () => {
    const below = ours.authority('Below our own authority');
    const { url } = await givenTlsReceiver(below.issue(name));

    expect(await post(givenTlsSender(), url, { tls: trusting(below) })).toMatchObject({ status: 200 });
  });

  it('to a complete name with its dot', async () => {
    const { url } = await givenTlsReceiver(ours.issue(name), `${name}.`);

    expect(await post(givenTlsSender(), url, { tls: trusting(ours) })).toMatchObject({ status: 200 });
  });

  it('several times over', async () => {
    const { url, clients } = await givenTlsReceiver(ours.issue(name));
    const sender = givenTlsSender();

    for (let round = 0; round < 3; round += 1) {
      const sent = Array.from({ length: 4 }, () => post(sender, url, { tls: trusting(ours) }));
      for (const { status } of await Promise.all(sent)) expect(status).toBe(200);
    }
    expect(clients.length).toBe(12);
  });
});

describe('a callback over TLS is not sent', () => {
  it.each([
    ['that nobody vouches for', selfSigned(name), null, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'of a private authority, where no rule names it',
      ours.issue(name),
      null,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      'of another authority than the one that the rule names',
      ours.issue(name),
      trusting(theirs),
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ],
    ['of another name', ours.issue('other.example.com'), trusting(ours), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', ours.issue(name, { expired: true }), trusting(ours), 'CERT_HAS_EXPIRED'],
  ])('to a receiver with a certificate %s', async (_, certified, tls, code) => {
    const { url, clients } = await givenTlsReceiver(certified);

    expect(await post(givenTlsSender(), url, { tls })).toMatchObject({
      status: null,
      error: `the TLS certificate is not valid (${code})`,
    });
    expect(clients).toEqual([]);
  });

  it('to a literal address that the certificate does not name', async () => {
    const { url } = await givenTlsReceiver(ours.issue(name), '127.0.0.1');

    expect((await post(givenTlsSender(), url, { tls: trusting(ours) })).error).toBe(
      'the TLS certificate is not valid (ERR_TLS_CERT_ALTNAME_INVALID)',
    );
  });

  it('whatever the environment says of certificates', async () => {
    const { url } = await givenTlsReceiver(selfSigned(name));
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    });

    expect((await post(givenTlsSender(), url)).error).toBe(
      'the TLS certificate is not valid (DEPTH_ZERO_SELF_SIGNED_CERT)',
    );
  });

  it('over a TLS that is too old', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { url } = await givenTlsReceiver({ ...ours.issue(name), ...old });

    expect((await post(givenTlsSender(), url, { tls: trusting(ours) })).error).toMatch(
      /^(the receiver refused the TLS connection|no TLS connection could be made) \(\w+\)$/,
    );
  });

  it('to a receiver that speaks no TLS', async () => {
    const port = await listen(createPlainServer((_, response) => response.end()));

    expect((await post(givenTlsSender(), `https://${name}:${port}/`)).error).toMatch(
      /^no TLS connection could be made \(\w+\)$/,
    );
  });
});

describe('a receiver that demands a certificate of its client', () => {
  const demanding = () => ({
    ...ours.issue(name),
    ca: ours.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const client = ours.issue('recalld');

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('gets the one of the rule (%s)', async (version) => {
    const { url, clients } = await givenTlsReceiver({
      ...demanding(),
      minVersion: version,
      maxVersion: version,
    });

    expect(await post(givenTlsSender(), url, { tls: showing(client) })).toMatchObject({ status: 200 });
    expect(clients).toEqual(['recalld']);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('refuses a rule without one (%s)', async (version) => {
    const { url, clients } = await givenTlsReceiver({
      ...demanding(),
      minVersion: version,
      maxVersion: version,
    });

    const { status, error } = await post(givenTlsSender(), url, { tls: trusting(ours) });

    expect(status).toBeNull();
    expect(error).toMatch(
      /^(the receiver refused the TLS connection|the connection was closed without an answer) \(/,
    );
    expect(clients).toEqual([]);
  });

  it('refuses the certificate of an authority that it does not know', async () => {
    const { url, clients } = await givenTlsReceiver(demanding());

    expect((await post(givenTlsSender(), url, { tls: showing(theirs.issue('recalld')) })).status).toBeNull();
    expect(clients).toEqual([]);
  });

  it('never sees the certificate of one rule on a request of another', async () => {
    const { url, clients } = await givenTlsReceiver({ ...demanding(), rejectUnauthorized: false });
    const sender = givenTlsSender();

    await post(sender, url, { tls: showing(client) });
    await post(sender, url, { tls: trusting(ours) });
    await post(sender, url, { tls: showing(ours.issue('another rule')) });
    await post(sender, url, { tls: showing(client) });

    expect(clients).toEqual(['recalld', null, 'another rule', 'recalld']);
  });

  it('has its key opened once for all connections', async () => {
    const { url } = await givenTlsReceiver(demanding());
    const opened: string[] = [];
    const sender = givenTlsSender(opened);

    await Promise.all(Array.from({ length: 5 }, () => post(sender, url, { tls: showing(client) })));

    expect(opened).toEqual([`sealed ${client.key}`]);
  });

  it.each([
    [
      'cannot be opened',
      (sealed: string) => {
        throw new Error(`cannot open ${sealed}`);
      },
    ],
    ['is none', () => 'no key'],
  ])('gets nothing when the key of the rule %s', async (_, openSecret) => {
    const { url, clients } = await givenTlsReceiver(demanding());
    const sender = givenSender({ resolve: loopback, openSecret });

    expect(await post(sender, url, { tls: showing(client) })).toMatchObject({
      status: null,
      error: "the rule's own TLS certificates or key cannot be used",
    });
    expect(clients).toEqual([]);
  });
});
