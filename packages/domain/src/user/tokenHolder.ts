import type { Instant } from '../kernel/ids.js';
import { limits } from '../limits.js';

/**
 * Whether a token was issued to this user, not to a former one of the same name. Tokens are not kept,
 * so nobody can take one back when its user is removed; the user of today is asked instead.
 */
export function holdsToken(
  { createdAt }: { readonly createdAt: Instant },
  { issuedAt }: { readonly issuedAt: Instant },
): boolean {
  return issuedAt >= createdAt - limits.clockSkewMsMax;
}
