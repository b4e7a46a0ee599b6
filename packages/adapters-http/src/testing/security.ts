import { createHash } from 'node:crypto';
import type { AccessTokens, App, Passwords, SecretBox, TokenClaims } from '@recalld/domain';

/** Tokens that say in the open what they claim; a changed one is corrupt, as with real ones. */
export function createOpenTokens(): AccessTokens {
  const sealOf = (app: App, text: string) =>
    createHash('sha256').update(`${app.uuid} ${app.tokenEpoch} ${text}`).digest('hex');
  return {
    issue(app, claims) {
      const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return `${text}.${sealOf(app, text)}`;
    },
    verify(app, token, now) {
      const [text = '', seal] = token.split('.');
      if (seal !== sealOf(app, text)) return 'corrupt';
      const claims = JSON.parse(Buffer.from(text, 'base64url').toString()) as TokenClaims;
      return (claims.expiresAt ?? Infinity) <= now ? 'expired' : claims;
    },
  };
}

/** Passwords hashed cheaply. */
export function createCheapPasswords(): Passwords {
  const hash = (password: string) => createHash('sha256').update(password).digest('hex');
  return {
    hash: async (password) => hash(password),
    verify: async (password, expected) => hash(password) === expected,
  };
}

/** A box that anybody can open. */
export function createOpenBox(): SecretBox {
  return {
    seal: (secret) => `sealed:${secret}`,
    open(sealed) {
      if (!sealed.startsWith('sealed:')) throw new Error('not sealed by this box');
      return sealed.slice('sealed:'.length);
    },
  };
}
