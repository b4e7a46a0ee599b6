import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import type { SecretBox } from '@recalld/domain';

/**
 * Sealed text: `v1.FINGERPRINT.PAYLOAD`, both parts base64url. The fingerprint names the key without
 * telling anything of it, so that another key is told apart from damage. The payload is a 12-byte
 * nonce, the AES-256-GCM ciphertext and its 16-byte tag; version and fingerprint are authenticated too.
 */
const version = 'v1';
const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const fingerprintBytes = 6;

/** The key text may be a person's: about 32 MiB and some tens of milliseconds, once per key and start. */
const derivation = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** A secret box that knows keys of before: what it opens under one of them can be sealed anew. */
export interface RotatingSecretBox extends SecretBox {
  /**
   * The same secret sealed under the present key; undefined when it is already.
   * @throws SealBroken when no key opens it.
   */
  reseal(sealed: string): Resealed | undefined;
}

interface Resealed {
  readonly sealed: string;
  /** The key that it was sealed under before, as it was given to the box. */
  readonly previousKey: string;
}

/**
 * Encrypts what is stored, under a key derived once from the text of `RECALLD_SECRET_KEY`. Seals under
 * `key` alone, opens what any of the keys has sealed.
 */
export function createSecretBox(key: string, previousKeys: readonly string[] = []): RotatingSecretBox {
  const present = deriveKey(key);
  const byFingerprint = new Map<string, DerivedKey>();
  for (const each of [...previousKeys.map(deriveKey), present]) byFingerprint.set(each.fingerprint, each);

  function opened(sealed: string): { readonly secret: string; readonly under: DerivedKey } {
    const { fingerprint, text } = parse(sealed);
    const under = byFingerprint.get(fingerprint);
    if (under === undefined) {
      throw new SealBroken('a stored secret was sealed under another key: check RECALLD_SECRET_KEY');
    }
    return { secret: decrypt(under, text), under };
  }

  return {
    seal: (secret) => encrypt(present, secret),
    open: (sealed) => opened(sealed).secret,
    reseal(sealed) {
      if (parse(sealed).fingerprint === present.fingerprint) return undefined;
      const { secret, under } = opened(sealed);
      return { sealed: encrypt(present, secret), previousKey: under.key };
    },
  };
}

/** A sealed text that cannot be opened here. The message never holds any part of it. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

interface DerivedKey {
  /** What it was derived from. */
  readonly key: string;
  readonly fingerprint: string;
  readonly sealing: Buffer;
}

function deriveKey(text: string): DerivedKey {
  const master = scryptSync(text.normalize('NFC'), 'recalld/secret-box/v1', 32, derivation);
  return {
    key: text,
    fingerprint: expand(master, 'fingerprint', fingerprintBytes).toString('base64url'),
    sealing: expand(master, 'seal', 32),
  };
}

function expand(master: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `recalld/secret-box/v1/${purpose}`, bytes));
}

function headerOf({ fingerprint }: DerivedKey): string {
  return `${version}.${fingerprint}`;
}

function encrypt(key: DerivedKey, secret: string): string {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key.sealing, nonce, { authTagLength: tagBytes });
  sealing.setAAD(Buffer.from(headerOf(key)));
  const sealed = [nonce, sealing.update(secret, 'utf8'), sealing.final(), sealing.getAuthTag()];
  return `${headerOf(key)}.${Buffer.concat(sealed).toString('base64url')}`;
}

function decrypt(key: DerivedKey, text: string): string {
  const payload = Buffer.from(text, 'base64url');
  // Decoding skips what is not base64url; only the one spelling that sealing makes is accepted.
  if (payload.length < nonceBytes + tagBytes || payload.toString('base64url') !== text) {
    throw new SealBroken('a stored secret is damaged: it is not whole');
  }
  const opening = createDecipheriv(cipher, key.sealing, payload.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  opening.setAAD(Buffer.from(headerOf(key)));
  opening.setAuthTag(payload.subarray(-tagBytes));
  try {
    const ciphertext = payload.subarray(nonceBytes, -tagBytes);
    return Buffer.concat([opening.update(ciphertext), opening.final()]).toString('utf8');
  } catch {
    throw new SealBroken('a stored secret is damaged: it does not open under its own key');
  }
}

function parse(sealed: string): { readonly fingerprint: string; readonly text: string } {
  const [sealedVersion, fingerprint, text, ...rest] = sealed.split('.');
  if (sealedVersion !== version || fingerprint === undefined || text === undefined || rest.length > 0) {
    throw new SealBroken('a stored secret is damaged or was sealed by a newer version of recalld');
  }
  return { fingerprint, text };
}
