import type { AccessTokens, App, TokenClaims } from '@recalld/domain';

/** Tokens remembered of one app. */
const tokensMax = 10_000;

/**
 * Remembers what valid tokens claim, so that a busy caller's token is not recomputed with each
 * request. It is remembered for one `App` object, and the store answers another one as soon as
 * anything of the app has changed, at whichever node: a revoked token is good for no request that
 * starts after its revocation. Expiry is compared every time.
 */
export function rememberTokens(tokens: AccessTokens): AccessTokens {
  const byApp = new WeakMap<App, Map<string, TokenClaims>>();
  return {
    issue: (app, claims) => tokens.issue(app, claims),
    verify(app, token, now) {
      let known = byApp.get(app);
      const claims = known?.get(token);
      if (claims !== undefined && (claims.expiresAt ?? Infinity) > now) return claims;
      const verdict = tokens.verify(app, token, now);
      if (typeof verdict === 'string') return verdict;
      if (known === undefined || known.size >= tokensMax) {
        known = new Map<string, TokenClaims>();
        byApp.set(app, known);
      }
      known.set(token, verdict);
      return verdict;
    },
  };
}
