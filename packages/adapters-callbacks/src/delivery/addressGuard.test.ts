import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createCallbackUrls, createGuardedLookup } from './addressGuard.js';
import { createEgress } from './egress.js';
import type { EgressOptions } from './egress.js';
import { PlainFailure } from './failureText.js';

function given(change: Partial<EgressOptions> = {}) {
  return createEgress({ allowPrivate: false, allowRanges: [], allowHosts: null, ...change });
}

const urls = createCallbackUrls(given());
const anyUrls = createCallbackUrls(given({ allowPrivate: true }));
const notPublic = new PlainFailure('the address is not public');

describe('the URL of a callback rule', () => {
  it('may not point at an address that callbacks may not go to', () => {
    expect(urls.refusal('https://127.0.0.1:8443/path?query')).toBe(
      'url must not point at a private, loopback, link-local or otherwise special address',
    );
    expect(anyUrls.refusal('https://127.0.0.1:8443/path?query')).toBeUndefined();
  });

  it('points at one of the hosts that callbacks may go to, where these are listed', () => {
    const listed = createCallbackUrls(given({ allowHosts: ['*.example.com'] }));

    expect(listed.refusal('https://backend.example.com/')).toBeUndefined();
    expect(listed.refusal('https://backend.example.net/')).toBe(
      'url must point at a host that callbacks of this server may go to',
    );
  });

  it.each([
    '',
    'backend',
    '/callbacks',
    '//backend.example.com/',
    'ftp://backend.example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://',
    'http:backend.example.com',
    'http:/backend.example.com',
    'http:///backend.example.com',
    'http:\\\\backend.example.com\\',
    'http://backend.example.com:0/',
    'https://[fe80::1%25eth0]/',
    'https://[fe80::1%eth0]/',
    'https://256.256.256.256/',
    'https://backend.example.com:65536/',
    ' https://backend.example.com/',
    'https://backend.example.com/a b',
    'https://backend.exa\nmple.com/',
    'https://backend.example.com/\u0000',
  ])('is a complete http or https URL, not %j', (url) => {
    expect(anyUrls.refusal(url)).toBe('url must be a complete http or https URL');
  });

  it.each([
    'https://user@backend.example.com/',
    'https://user:secret@backend.example.com/',
    'https://:secret@backend.example.com/',
  ])('has no user name or password, unlike %s', (url) => {
    expect(anyUrls.refusal(url)).toBe('url must not have a user name or password');
  });

  it('has at most 2,048 characters', () => {
    const url = 'https://backend.example.com/'.padEnd(2_048, 'x');

    expect(urls.refusal(url)).toBeUndefined();
    expect(urls.refusal(`${url}x`)).toBe('url must have at most 2048 characters');
  });

  it('may have any port and a query of its own', () => {
    expect(urls.refusal('http://backend.example.com:1/a?b=c&d')).toBeUndefined();
  });
});

/** Calls a look-up as a connection does. */
function ask(lookup: LookupFunction, hostname: string, all: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all }, (err, address, family) => {
      if (err === null) resolve(all ? address : [address, family]);
      else reject(err);
    });
  });
}

const v4 = (address: string): LookupAddress => ({ address, family: 4 });

describe('the look-up of a connection', () => {
  it('answers public addresses, all of them or the first', async () => {
    const addresses = [v4('8.8.8.8'), { address: '2001:4860:4860::8888', family: 6 }];
    const lookup = createGuardedLookup(given(), async () => addresses);

    expect(await ask(lookup, 'backend.example.com', true)).toEqual(addresses);
    expect(await ask(lookup, 'backend.example.com', false)).toEqual(['8.8.8.8', 4]);
  });

  it.each([
    ['a private one', [v4('10.0.0.1')]],
    ['a private one beside a public one', [v4('8.8.8.8'), v4('127.0.0.1')]],
    ['a link-local one with a scope', [{ address: 'fe80::1%eth0', family: 6 }]],
    ['the unspecified one', [v4('0.0.0.0')]],
    ['a metadata service', [v4('8.8.8.8'), { address: 'fd00:ec2::254', family: 6 }]],
    ['a mapped one', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ])('refuses a name with %s', async (_, addresses) => {
    const lookup = createGuardedLookup(given(), async () => addresses);

    await expect(ask(lookup, 'backend.example.com', true)).rejects.toEqual(notPublic);
    await expect(ask(lookup, 'backend.example.com', false)).rejects.toEqual(notPublic);
  });

  it('judges a name again each time: one that has been rebound is refused', async () => {
    let address = '8.8.8.8';
    const lookup = createGuardedLookup(given(), async () => [v4(address)]);
    await ask(lookup, 'backend.example.com', false);

    address = '127.0.0.1';

    await expect(ask(lookup, 'backend.example.com', false)).rejects.toEqual(notPublic);
  });

  it('answers private addresses when they are allowed', async () => {
    const lookup = createGuardedLookup(given({ allowPrivate: true }), async () => [v4('127.0.0.1')]);

    expect(await ask(lookup, 'backend.example.com', false)).toEqual(['127.0.0.1', 4]);
  });

  it('passes on the error of a name that is not there', async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const lookup = createGuardedLookup(given(), () => Promise.reject(missing));

    await expect(ask(lookup, 'missing.example.com', true)).rejects.toBe(missing);
  });

  it('fails for a name without addresses', async () => {
    const lookup = createGuardedLookup(given(), async () => []);

    await expect(ask(lookup, 'empty.example.com', true)).rejects.toThrow('no address');
  });
});
