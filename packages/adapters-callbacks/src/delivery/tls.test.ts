import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthority } from '../testing/certificate.js';
import { checkRuleTls } from './tls.js';
import type { RuleTlsTexts } from './tls.js';

const authority = createAuthority('Our own authority');
const client = authority.issue('recalld');

function check(change: Partial<RuleTlsTexts>): string | undefined {
  return checkRuleTls({ ca: null, clientCertificate: null, clientKey: null, ...change });
}

const pair = { clientCertificate: client.cert, clientKey: client.key };
const aboutCa = 'ca must be one or more certificates in PEM and nothing else';
const aboutCertificate = 'client_certificate must be one or more certificates in PEM';
const aboutKey = 'client_key must be one private key in PEM that is not encrypted';

describe('what an owner may give for the TLS of a rule', () => {
  it.each([
    ['nothing', {}],
    ['an authority', { ca: authority.cert }],
    ['several, with words between them', { ca: `# one\n${authority.cert}\n\n# two\r\n${authority.cert}` }],
    ['lines that end as on Windows', { ca: authority.cert.replaceAll('\n', '\r\n') }],
    ['a certificate and its key', pair],
    ['a chain', { ...pair, clientCertificate: `${client.cert}${authority.cert}` }],
    ['all of it', { ca: authority.cert, ...pair }],
    ['a certificate that has expired', keyed(authority.issue('recalld', { expired: true }))],
  ])('%s', (_, texts) => {
    expect(check(texts)).toBeUndefined();
  });

  it.each([
    ['no text', { ca: '' }, aboutCa],
    ['no PEM', { ca: 'certificate' }, aboutCa],
    ['a broken certificate', { ca: authority.cert.replace(/M\w{20}/, 'MIIBszCCAVmgAwIBAgI') }, aboutCa],
    ['one that is cut off', { ca: authority.cert.slice(0, -30) }, aboutCa],
    [
      'a broken one after a good one',
      { ca: `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n` },
      aboutCa,
    ],
    ['a key among the authorities', { ca: `${authority.cert}${authority.key}` }, aboutCa],
    ['a key as the certificate', { ...pair, clientCertificate: client.key }, aboutCertificate],
    [
      'a key beside the certificate',
      { ...pair, clientCertificate: client.cert + client.key },
      aboutCertificate,
    ],
    ['no key', { ...pair, clientKey: 'key' }, aboutKey],
    ['a certificate as the key', { ...pair, clientKey: client.cert }, aboutKey],
    ['an encrypted key', { ...pair, clientKey: encryptedKey() }, aboutKey],
    [
      'the key of another',
      { ...pair, clientKey: authority.key },
      'client_key is not the key of client_certificate',
    ],
    [
      'the chain in the wrong order',
      { ...pair, clientCertificate: `${authority.cert}${client.cert}` },
      'client_key is not the key of client_certificate',
    ],
    [
      'a certificate alone',
      { clientCertificate: client.cert },
      'client_certificate and client_key must come together',
    ],
    ['a key alone', { clientKey: client.key }, 'client_certificate and client_key must come together'],
    ['too much', { ca: authority.cert.padEnd(65_537, '\n') }, 'ca must have at most 65536 characters'],
    [
      'too long a key',
      { ...pair, clientKey: client.key.padEnd(65_537, '\n') },
      'client_key must have at most 65536 characters',
    ],
  ])('not %s', (_, texts, why) => {
    expect(check(texts)).toBe(why);
  });

  it('no more than 65,536 characters, and so many', () => {
    expect(check({ ca: authority.cert.padEnd(65_536, '\n') })).toBeUndefined();
  });
});

function keyed({ cert, key }: { readonly cert: string; readonly key: string }): Partial<RuleTlsTexts> {
  return { clientCertificate: cert, clientKey: key };
}

function encryptedKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'secret' };
  return privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString();
}
