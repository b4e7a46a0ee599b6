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

/** The key text may be a person's: about 32 MiB and some tens of milliseconds, once per start. */
const derivation = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** Encrypts what is stored, under a key derived once from the text of `RECALLD_SECRET_KEY`. */
export function createSecretBox(key: string): SecretBox {
  const master = scryptSync(key.normalize('NFC'), 'recalld/secret-box/v1', 32, derivation);
  const sealingKey = expand(master, 'seal', 32);
  const fingerprint = expand(master, 'fingerprint', fingerprintBytes).toString('base64url');
  const header = `${version}.${fingerprint}`;
  const authenticated = Buffer.from(header);

  return {
    seal(secret) {
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, sealingKey, nonce, { authTagLength: tagBytes });
      sealing.setAAD(authenticated);
      const sealed = [nonce, sealing.update(secret, 'utf8'), sealing.final(), sealing.getAuthTag()];
      return `${header}.${Buffer.concat(sealed).toString('base64url')}`;
    },

    open(sealed) {
      const payload = payloadOf(sealed, fingerprint);
      const opening = createDecipheriv(cipher, sealingKey, payload.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      opening.setAAD(authenticated);
      opening.setAuthTag(payload.subarray(-tagBytes));
      try {
        const ciphertext = payload.subarray(nonceBytes, -tagBytes);
        return Buffer.concat([opening.update(ciphertext), opening.final()]).toString('utf8');
      } catch {
        throw new SealBroken('a stored secret is damaged: it does not open under its own key');
      }
    },
  };
}

/** A sealed text that cannot be opened here. The message never holds any part of it. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

function expand(master: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `recalld/secret-box/v1/${purpose}`, bytes));
}

function payloadOf(sealed: string, fingerprint: string): Buffer {
  const [sealedVersion, sealedUnder, text, ...rest] = sealed.split('.');
  if (sealedVersion !== version || text === undefined || rest.length > 0) {
    throw new SealBroken('a stored secret is damaged or was sealed by a newer version of recalld');
  }
  if (sealedUnder !== fingerprint) {
    throw new SealBroken('a stored secret was sealed under another key: check RECALLD_SECRET_KEY');
  }
  const payload = Buffer.from(text, 'base64url');
  // Decoding skips what is not base64url; only the one spelling that sealing makes is accepted.
  if (payload.length < nonceBytes + tagBytes || payload.toString('base64url') !== text) {
    throw new SealBroken('a stored secret is damaged: it is not whole');
  }
  return payload;
}
