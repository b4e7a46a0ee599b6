import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { AccessTokens, App, AppNo, SecretBox } from '@recalld/domain';
import { claimsBytes, readClaims } from './tokenClaims.js';

const signatureBytes = 32;
/** Well above the longest token; what is longer is not looked at. */
const tokenCharsMax = 256;

/**
 * Stateless tokens: base64url of the claims and their HMAC-SHA256 under the app's own key. The key
 * lies sealed in the app's row and is opened once; a new sealed text or epoch voids older tokens.
 */
export function createAccessTokens(box: SecretBox): AccessTokens {
  const keys = new Map<AppNo, { readonly sealed: string; readonly key: KeyObject }>();

  function keyOf(app: App): KeyObject {
    const known = keys.get(app.no);
    if (known?.sealed === app.sealedTokenKey) return known.key;
    const key = createSecretKey(Buffer.from(box.open(app.sealedTokenKey), 'utf8'));
    keys.set(app.no, { sealed: app.sealedTokenKey, key });
    return key;
  }

  const sign = (app: App, claims: Buffer) => createHmac('sha256', keyOf(app)).update(claims).digest();

  return {
    issue(app, claims) {
      const bytes = claimsBytes(app, claims);
      return Buffer.concat([bytes, sign(app, bytes)]).toString('base64url');
    },

    verify(app, token, now) {
      if (token.length > tokenCharsMax) return 'corrupt';
      const bytes = Buffer.from(token, 'base64url');
      // Decoding is lenient; a token has one spelling.
      if (bytes.length <= signatureBytes || bytes.toString('base64url') !== token) return 'corrupt';
      const claims = bytes.subarray(0, -signatureBytes);
      if (!timingSafeEqual(sign(app, claims), bytes.subarray(-signatureBytes))) return 'corrupt';
      const read = readClaims(app, claims);
      if (read === undefined) return 'corrupt';
      return read.expiresAt !== null && now >= read.expiresAt ? 'expired' : read;
    },
  };
}
