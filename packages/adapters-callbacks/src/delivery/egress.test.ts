import { describe, expect, it } from 'vitest';
import { addressForms } from '../testing/addressForms.mjs';
import { createCallbackUrls } from './addressGuard.js';
import { createEgress, hostRefusal, rangeRefusal } from './egress.js';
import type { EgressOptions } from './egress.js';

function given(change: Partial<EgressOptions> = {}) {
  return createEgress({ allowPrivate: false, allowRanges: [], allowHosts: null, ...change });
}

/** Whether a URL with this host may be called. */
function reaches(change: Partial<EgressOptions>, host: string): boolean {
  return given(change).hostRefusal(new URL(`http://${host}/`)) === undefined;
}

describe('a server with its default settings', () => {
  const urls = createCallbackUrls(given());

  it('is tried with at least eighty forms that it refuses', () => {
    expect(
      new Set(addressForms.filter(({ allowed }) => !allowed).map(({ url }) => url)).size,
    ).toBeGreaterThan(80);
    expect(new Set(addressForms.map(({ url }) => url)).size).toBe(addressForms.length);
  });

  it.each(addressForms.filter(({ allowed }) => !allowed))('calls nobody at $url ($form)', ({ url }) => {
    expect(urls.refusal(url)).toBeDefined();
  });

  it.each(addressForms.filter(({ allowed }) => allowed))('may call $url ($form)', ({ url }) => {
    expect(urls.refusal(url)).toBeUndefined();
  });

  it.each(['backend.example.com', '', '127.1', '2130706433', '10.0.0.1/8', 'fe80::1%eth0', '[::1]'])(
    'connects to nothing that is no plain address: %j',
    (address) => {
      expect(given().allowsAddress(address)).toBe(false);
      expect(given({ allowPrivate: true, allowRanges: ['0.0.0.0/0', '::/0'] }).allowsAddress(address)).toBe(
        false,
      );
    },
  );
});

describe('private addresses that are allowed', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '2130706433',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    'localhost',
    'app.localhost.',
    '[::1]',
    '[fc00::1]',
    '[fd12:3456:789a::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:c0a8:1]',
    '8.8.8.8',
    'backend.example.com',
  ])('open %s', (host) => {
    expect(reaches({ allowPrivate: true }, host)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '2852039166',
    '100.100.100.200',
    '100.64.0.1',
    '168.63.129.16',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[fd00:c1::a9fe:a9fe]',
    '[fd00:42::42]',
    '[::ffff:169.254.169.254]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::10.0.0.1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::1]',
    '[2606:4700::5efe:127.0.0.1]',
    '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
  ])('do not open %s', (host) => {
    expect(reaches({ allowPrivate: true }, host)).toBe(false);
  });
});

describe('ranges that are allowed', () => {
  const allowRanges = ['10.1.0.0/16', '192.0.2.7', 'fd00:1::/32', '169.254.169.254/32', '64:ff9b:1::/48'];

  it.each([
    '10.1.0.0',
    '10.1.255.255',
    '[::ffff:10.1.2.3]',
    '192.0.2.7',
    '[fd00:1::5]',
    '169.254.169.254',
    '[64:ff9b:1::1]',
  ])('open %s', (host) => {
    expect(reaches({ allowRanges }, host)).toBe(true);
  });

  it.each([
    '10.2.0.0',
    '10.0.255.255',
    '192.0.2.8',
    '[fd00:2::5]',
    '169.254.169.253',
    '127.0.0.1',
    'localhost',
    '[64:ff9b::10.1.0.1]',
    '[2002:a01:1::1]',
  ])('do not open %s', (host) => {
    expect(reaches({ allowRanges }, host)).toBe(false);
  });

  it('open the names of this machine with its addresses', () => {
    expect(reaches({ allowRanges: ['127.0.0.0/8'] }, 'localhost')).toBe(true);
    expect(reaches({ allowRanges: ['::1'] }, 'app.localhost')).toBe(true);
  });

  it('may be everything', () => {
    expect(reaches({ allowRanges: ['0.0.0.0/0'] }, '0.0.0.0')).toBe(true);
    expect(reaches({ allowRanges: ['0.0.0.0/0'] }, '[fe80::1]')).toBe(false);
    expect(reaches({ allowRanges: ['::/0'] }, '[fe80::1]')).toBe(true);
  });

  it.each([
    '10.0.0.0/8',
    '10.1.2.3',
    '10.1.2.3/32',
    '0.0.0.0/0',
    '::1',
    '::/0',
    'FD00::/8',
    '2001:db8::/128',
  ])('are written like %s', (text) => {
    expect(rangeRefusal(text)).toBeUndefined();
  });

  it.each([
    '',
    '10',
    '10.0.0',
    '10.1/16',
    '167772160/8',
    '0x0a.0.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/ 8',
    ' 10.0.0.0/8',
    '10.0.0.1/8',
    'fd00::1/8',
    '[::1]',
    '::1/129',
    'fe80::1%eth0',
    'fe80::%eth0/64',
    '::ffff:10.0.0.0/104',
    'backend.example.com',
    '*',
  ])('are not written like %j', (text) => {
    expect(rangeRefusal(text)).toMatch(/^a range is /);
    expect(() => given({ allowRanges: [text] })).toThrow();
  });
});

describe('hosts that are allowed', () => {
  const allowHosts = [
    'API.example.com',
    '*.hooks.example.com',
    'bücher.example',
    '8.8.8.8',
    '2606:4700::1',
    '10.9.9.9',
  ];

  it.each([
    'api.example.com',
    'api.example.com.',
    'API.EXAMPLE.COM',
    'ａpi.example.com',
    'a.hooks.example.com',
    'a.b.hooks.example.com',
    'xn--bcher-kva.example',
    '8.8.8.8',
    '134744072',
    '[::ffff:8.8.8.8]',
    '[2606:4700:0::1]',
  ])('are called: %s', (host) => {
    expect(reaches({ allowHosts }, host)).toBe(true);
  });

  it.each([
    'example.com',
    'b.api.example.com',
    'notapi.example.com',
    'api.example.com.evil.example',
    'hooks.example.com',
    'evilhooks.example.com',
    '8.8.4.4',
    '[2606:4700::2]',
    'localhost',
  ])('are the only ones: not %s', (host) => {
    expect(reaches({ allowHosts }, host)).toBe(false);
  });

  it('open no address that is not public', () => {
    expect(reaches({ allowHosts }, '10.9.9.9')).toBe(false);
    expect(reaches({ allowHosts, allowPrivate: true }, '10.9.9.9')).toBe(true);
    expect(given({ allowHosts }).allowsAddress('10.0.0.1')).toBe(false);
  });

  it('need no literal address of an allowed range', () => {
    expect(reaches({ allowHosts, allowRanges: ['10.1.0.0/16'] }, '10.1.2.3')).toBe(true);
    expect(reaches({ allowHosts, allowRanges: ['10.1.0.0/16'] }, '10.2.2.3')).toBe(false);
  });

  it('may be none at all', () => {
    expect(reaches({ allowHosts: [] }, 'backend.example.com')).toBe(false);
  });

  it('are told apart from addresses that are refused', () => {
    const egress = given({ allowHosts });

    expect(egress.hostRefusal(new URL('http://other.example.com/'))).toBe('hostNotListed');
    expect(egress.hostRefusal(new URL('http://127.0.0.1/'))).toBe('addressNotPublic');
  });

  it.each([
    'api.example.com',
    'api.example.com.',
    '*.example.com',
    '*.internal',
    'backend',
    '8.8.8.8',
    '::1',
    '[::1]',
  ])('are written like %s', (text) => {
    expect(hostRefusal(text)).toBeUndefined();
  });

  it.each([
    '',
    '.',
    '*',
    '*.',
    '*.*.example.com',
    'a.*.example.com',
    '*example.com',
    '*.10.0.0.1',
    '*.::1',
    '10.0.0.0/8',
    'api.example.com:443',
    'api.example.com:',
    '[::1]:80',
    'http://api.example.com',
    'api.example.com/path',
    'user@api.example.com',
    'api.example.com?x',
    'api.example.com#x',
    'api example.com',
    'api.example.com ',
    'a.example.com,b.example.com',
    '256.256.256.256',
  ])('are not written like %j', (text) => {
    expect(hostRefusal(text)).toMatch(/^a host is /);
    expect(() => given({ allowHosts: [text] })).toThrow();
  });
});
