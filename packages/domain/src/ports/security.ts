import type { Instant, UserId } from '../kernel/ids.js';
import type { App } from './apps.js';

/** Who a token speaks for: the app's admin, or one of its users. */
export interface TokenClaims {
  readonly subject: { readonly kind: 'app' } | { readonly kind: 'user'; readonly user: UserId };
  readonly issuedAt: Instant;
  /** null: never. */
  readonly expiresAt: Instant | null;
}

/** `corrupt`: not a token of this app; `expired`: was one. */
export type TokenVerdict = TokenClaims | 'corrupt' | 'expired';

/** Stateless access tokens of an app; every node can verify what another one issued. */
export interface AccessTokens {
  issue(app: App, claims: TokenClaims): string;
  verify(app: App, token: string, now: Instant): TokenVerdict;
}

export interface Passwords {
  hash(password: string): Promise<string>;
  /** In constant time for a hash that is there; a missing one costs the same and is false. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

/** Encrypts secrets that are stored. */
export interface SecretBox {
  seal(secret: string): string;
  /** @throws when the text was not sealed under this key. */
  open(sealed: string): string;
}
