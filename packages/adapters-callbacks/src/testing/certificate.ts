import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A certificate and its private key, PEM. */
export interface Certified {
  readonly key: string;
  readonly cert: string;
}

export interface Authority extends Certified {
  /** A fresh key and a certificate for one DNS name. */
  issue(dnsName: string, change?: { readonly expired: boolean }): Certified;
  /** An authority below this one. */
  authority(name: string): Authority;
}

/** A fresh key and a certificate for one DNS name, signed by itself. */
export function selfSigned(dnsName: string): Certified {
  return certify({ name: dnsName });
}

/** A private authority that nobody trusts unless told to. */
export function createAuthority(name: string): Authority {
  return authority({ name, isAuthority: true });
}

function authority(asked: Asked): Authority {
  const made = certify(asked);
  const issuer = { name: asked.name, key: made.privateKey };
  return {
    ...made,
    issue: (dnsName, { expired } = { expired: false }) => certify({ name: dnsName, issuer, expired }),
    authority: (below) => authority({ name: below, issuer, isAuthority: true }),
  };
}

interface Asked {
  readonly name: string;
  /** Left out: the certificate is signed by its own key. */
  readonly issuer?: { readonly name: string; readonly key: KeyObject };
  readonly isAuthority?: boolean;
  readonly expired?: boolean;
}

const ecdsaWithSha256 = () => sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
let serials = 0;

function certify({ name, issuer, isAuthority = false, expired = false }: Asked) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  serials += 1;
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, Buffer.from([1, serials >> 8, serials & 255])), // serial number
    ecdsaWithSha256(),
    distinguishedName(issuer?.name ?? name),
    sequence(utcTime('250101000000Z'), utcTime(expired ? '250102000000Z' : '491231235959Z')),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(isAuthority ? basicConstraintsOfAuthority() : altName(name))),
  );
  const signature = sign('sha256', toBeSigned, issuer?.key ?? privateKey);
  const der = sequence(toBeSigned, ecdsaWithSha256(), tlv(0x03, Buffer.from([0]), signature));
  return {
    privateKey,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(der),
  };
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(commonName)))));
}

function altName(dnsName: string): Buffer {
  return sequence(oid(0x55, 0x1d, 0x11), tlv(0x04, sequence(tlv(0x82, Buffer.from(dnsName)))));
}

function basicConstraintsOfAuthority(): Buffer {
  const yes = tlv(0x01, Buffer.from([0xff]));
  return sequence(oid(0x55, 0x1d, 0x13), yes, tlv(0x04, sequence(yes)));
}

function utcTime(text: string): Buffer {
  return tlv(0x17, Buffer.from(text));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** DER: tag, length, value. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), value]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function oid(...bytes: readonly number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes));
}
