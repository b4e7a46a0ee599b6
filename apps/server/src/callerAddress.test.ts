import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressOf } from './callerAddress.js';
import { readConfig } from './config.js';

/** What is read of a request. */
function request(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return { headers, socket: { remoteAddress } } as IncomingMessage;
}

const trusted = ['10.0.0.0/8', '::1', '2001:db8:1::/48', 'fe80::/10'];

describe('the address of a caller', () => {
  it.each([
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['::ffff:203.0.113.9', undefined, '203.0.113.9'],
    ['2001:db8::7', undefined, '2001:db8::7'],
    ['10.0.0.1', '198.51.100.1', '10.0.0.1'],
    [undefined, '198.51.100.1', ''],
  ])(
    'given no trusted proxy, a connection from %s and the header %s, then it is %s',
    (peer, header, found) => {
      expect(createAddressOf([])(request(peer, header))).toBe(found);
    },
  );

  it.each([
    ['a caller on its own', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a caller just outside of the range', '11.0.0.0', '198.51.100.1', '11.0.0.0'],
    ['a proxy without the header', '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy with an empty one', '10.0.0.1', ' , ,', '10.0.0.1'],
    ['one proxy', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['one proxy on an IPv6 socket', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['a proxy on this machine', '::1', '2001:db8::7', '2001:db8::7'],
    ['a proxy on a link with a name', 'fe80::1%eth0', '198.51.100.1', '198.51.100.1'],
    ['several proxies', '10.0.0.1', '198.51.100.1, 2001:db8:1::5,10.2.3.4', '198.51.100.1'],
    [
      'proxies that write mapped addresses',
      '10.0.0.1',
      '::ffff:198.51.100.1, ::ffff:a02:304',
      '198.51.100.1',
    ],
    ['callers among the trusted alone', '10.0.0.1', '10.9.9.9, 10.2.3.4', '10.9.9.9'],
    ['a header that the caller had written', '10.0.0.1', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['a caller that claims to be a proxy', '10.0.0.1', '6.6.6.6, 10.0.0.7, 203.0.113.9', '203.0.113.9'],
    ['other spellings', '10.0.0.1', '2001:DB8:0:0::0007', '2001:db8::7'],
    ['a zone', '10.0.0.1', 'fec0::1%eth0', 'fec0::1'],
    ['a name', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['a name left of a proxy', '10.0.0.1', '198.51.100.1, unknown, 10.2.3.4', '10.2.3.4'],
    ['a port', '10.0.0.1', '198.51.100.1:4711', '10.0.0.1'],
    ['a number for an address', '10.0.0.1', '3405803785', '10.0.0.1'],
    ['a number for a proxy’s address', '10.0.0.1', '198.51.100.1, 0xa000007', '10.0.0.1'],
    ['an endless zone', '10.0.0.1', `fec0::1%${'a'.repeat(10_000)}`, '10.0.0.1'],
    ['very many proxies', '10.0.0.1', `198.51.100.1${',10.0.0.1'.repeat(1_800)}`, '198.51.100.1'],
    ['a connection that is gone', undefined, '198.51.100.1', ''],
  ])('given trusted proxies and %s, then it is known', (_, peer, header, found) => {
    expect(createAddressOf(trusted)(request(peer, header))).toBe(found);
  });
});

describe('whatever a header holds', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((ip) => `::ffff:${ip}`),
  );
  const proxy = fc.constantFrom('10.0.0.7', '::1', '::ffff:10.1.2.3', '2001:db8:1::9');
  const zone = fc.stringMatching(/^[0-9a-zA-Z.:-]{1,60}$/);
  const entry = fc.oneof(
    address,
    proxy,
    fc.string(),
    fc.tuple(fc.ipV6(), zone).map((parts) => parts.join('%')),
    fc.constantFrom('', ' ', 'unknown', '_hidden', '[::1]', '1.2.3.4:80', '127.1', '0x7f000001', '::'),
  );
  const header = fc.array(entry).map((entries) => entries.join(','));
  const addressOf = createAddressOf(trusted);

  it('given a trusted peer, then an IP address in one short spelling is found', () => {
    fc.assert(
      fc.property(proxy, header, (peer, forwardedFor) => {
        const found = addressOf(request(peer, forwardedFor));
        expect(isIP(found)).not.toBe(0);
        expect(found).not.toMatch(/[%A-Z]|^::ffff:.*\./);
      }),
    );
  });

  it('given a peer that is not trusted, then it is the peer', () => {
    const stranger = fc.ipV4().filter((ip) => !ip.startsWith('10.'));
    fc.assert(
      fc.property(stranger, header, (peer, forwardedFor) => {
        expect(addressOf(request(peer, forwardedFor))).toBe(peer);
      }),
    );
  });

  it('given what a caller wrote and what proxies appended, then only what they appended counts', () => {
    const caller = fc.ipV4().filter((ip) => !ip.startsWith('10.'));
    fc.assert(
      fc.property(header, caller, fc.array(proxy), (written, ip, proxies) => {
        expect(addressOf(request('10.0.0.1', [written, ip, ...proxies].join(', ')))).toBe(ip);
      }),
    );
  });
});

describe('trusted proxies of the environment', () => {
  const prefix = (bits: number) => fc.integer({ min: 0, max: bits });
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), prefix(33)).map((parts) => parts.join('/')),
    fc.tuple(fc.ipV6(), prefix(129)).map((parts) => parts.join('/')),
    fc.integer({ min: 0, max: 32 }).map((bits) => `0.0.0.0/${bits}`),
    fc.integer({ min: 0, max: 128 }).map((bits) => `::/${bits}`),
    fc.constantFrom(
      'loopback',
      'fe80::1%eth0',
      '::ffff:1.2.3.4',
      '10.0.0.0/255.0.0.0',
      '10.0.0.0/008',
      '10.1',
    ),
    fc.string(),
  );

  it('given a value that the start takes, then addresses are told by it', () => {
    fc.assert(
      fc.property(text, (value) => {
        let taken: readonly string[];
        try {
          taken = readConfig({ RECALLD_TRUSTED_PROXIES: value }).trustedProxies;
        } catch {
          return;
        }
        const addressOf = createAddressOf(taken);
        expect(addressOf(request('10.0.0.1', 'unknown'))).toBe('10.0.0.1');
      }),
      { numRuns: 500 },
    );
  });
});
