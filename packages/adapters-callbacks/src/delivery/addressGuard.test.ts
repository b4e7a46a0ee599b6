import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AddressRefused, createCallbackUrls, createGuardedLookup } from './addressGuard.js';

const urls = createCallbackUrls({ allowPrivate: false });
const anyUrls = createCallbackUrls({ allowPrivate: true });

/** Hosts as they may stand in a rule's URL. */
const specialHosts = [
  // Loopback, in the forms that the URL parser and resolvers take.
  '127.0.0.1',
  '127.0.0.1.',
  '127.255.255.254',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7F.0.0.1',
  '0x7f.1',
  '017700000001',
  '0177.0.0.1',
  '0177.0.0.0x1',
  '00000177.0.0.1',
  '１２７.０.０.１',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'app.localhost',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::0.0.0.1]',
  // Unspecified.
  '0',
  '0.0.0.0',
  '0x0',
  '0.1.2.3',
  '[::]',
  '[0::0]',
  // Private.
  '10.0.0.1',
  '10.255.255.255',
  '012.0.0.1',
  '167772161',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.257',
  '3232235777',
  '0xc0a80101',
  '[fc00::1]',
  '[fd12:3456:789a::1]',
  '[fec0::1]',
  // Link-local and metadata services.
  '169.254.169.254',
  '169.254.170.2',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '[fe80::1]',
  '[febf::1]',
  '[fd00:ec2::254]',
  // Carrier-grade NAT.
  '100.64.0.1',
  '100.127.255.255',
  // Protocol assignments, documentation, benchmarks, relays.
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '[2001:db8::1]',
  '[3fff::1]',
  '[2001:2::1]',
  '[2001:10::1]',
  '[100::1]',
  '[5f00::1]',
  // Multicast, reserved, broadcast.
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '[ff02::1]',
  // IPv4 inside IPv6: mapped, compatible, NAT64, 6to4, Teredo.
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:10.0.0.1]',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::a00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:7f00:0001::1]',
  '[2002:a9fe:a9fe::1]',
  '[2002:c0a8:101::1]',
  '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
];

const publicHosts = [
  'backend.example.com',
  'localhost.example.com',
  'notlocalhost',
  'xn--bcher-kva.example',
  '8.8.8.8',
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.17',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '134744072',
  '[2606:4700:4700::1111]',
  '[2001:4860:4860::8888]',
  '[2a00:1450:4001:81b::200e]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::808:808]',
  '[2002:808:808::1]',
];

describe('the URL of a callback rule', () => {
  it.each(specialHosts)('may not point at %s', (host) => {
    for (const url of [`http://${host}/`, `https://${host}:8443/path?query`]) {
      expect(urls.refusal(url)).toBeDefined();
    }
  });

  it.each(publicHosts)('may point at %s', (host) => {
    expect(urls.refusal(`https://${host}:8443/path?query`)).toBeUndefined();
  });

  it('may point anywhere when private addresses are allowed', () => {
    // A percent-encoded or full-width host is still the address that it spells.
    expect(specialHosts.filter((host) => anyUrls.refusal(`http://${host}/`) !== undefined)).toEqual([]);
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
    const lookup = createGuardedLookup({ allowPrivate: false }, async () => addresses);

    expect(await ask(lookup, 'backend.example.com', true)).toEqual(addresses);
    expect(await ask(lookup, 'backend.example.com', false)).toEqual(['8.8.8.8', 4]);
  });

  it.each([
    ['a private one', [v4('10.0.0.1')]],
    ['a private one beside a public one', [v4('8.8.8.8'), v4('127.0.0.1')]],
    ['a link-local one with a scope', [{ address: 'fe80::1%eth0', family: 6 }]],
    ['a mapped one', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ])('refuses a name with %s', async (_, addresses) => {
    const lookup = createGuardedLookup({ allowPrivate: false }, async () => addresses);

    await expect(ask(lookup, 'backend.example.com', true)).rejects.toBeInstanceOf(AddressRefused);
    await expect(ask(lookup, 'backend.example.com', false)).rejects.toBeInstanceOf(AddressRefused);
  });

  it('judges a name again each time: one that has been rebound is refused', async () => {
    let address = '8.8.8.8';
    const lookup = createGuardedLookup({ allowPrivate: false }, async () => [v4(address)]);
    await ask(lookup, 'backend.example.com', false);

    address = '127.0.0.1';

    await expect(ask(lookup, 'backend.example.com', false)).rejects.toBeInstanceOf(AddressRefused);
  });

  it('answers private addresses when they are allowed', async () => {
    const lookup = createGuardedLookup({ allowPrivate: true }, async () => [v4('127.0.0.1')]);

    expect(await ask(lookup, 'backend.example.com', false)).toEqual(['127.0.0.1', 4]);
  });

  it('passes on the error of a name that is not there', async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const lookup = createGuardedLookup({ allowPrivate: false }, () => Promise.reject(missing));

    await expect(ask(lookup, 'missing.example.com', true)).rejects.toBe(missing);
  });

  it('fails for a name without addresses', async () => {
    const lookup = createGuardedLookup({ allowPrivate: false }, async () => []);

    await expect(ask(lookup, 'empty.example.com', true)).rejects.toThrow('no address');
  });

  it('asks once for a name that is being resolved, and again afterwards', async () => {
    let asked = 0;
    const answers: ((addresses: LookupAddress[]) => void)[] = [];
    const lookup = createGuardedLookup({ allowPrivate: false }, () => {
      asked += 1;
      return new Promise((resolve) => answers.push(resolve));
    });
    const both = [ask(lookup, 'slow.example.com', false), ask(lookup, 'slow.example.com', false)];
    expect(asked).toBe(1);

    answers[0]?.([v4('8.8.8.8')]);

    expect(await Promise.all(both)).toEqual([
      ['8.8.8.8', 4],
      ['8.8.8.8', 4],
    ]);
    void ask(lookup, 'slow.example.com', false);
    expect(asked).toBe(2);
  });
});
