import type { Instant } from '../kernel/ids.js';
import { limits } from '../limits.js';

/**
 * What a user's token is worth, as its user is now. `former`: it was issued to a former user of the
 * same name.
 */
export type TokenStanding = 'good' | 'unknown' | 'former' | 'deactivated';

/**
 * Judges a user's token by its user of today, for requests and sessions alike. Tokens are not kept, so
 * nobody can take one back when its user is removed. @param user undefined: none of that name is registered.
 */
export function standingOf(
  user: { readonly createdAt: Instant; readonly activated: boolean } | undefined,
  { issuedAt }: { readonly issuedAt: Instant },
): TokenStanding {
  if (user === undefined) return 'unknown';
  if (issuedAt < user.createdAt - limits.clockSkewMsMax) return 'former';
  return user.activated ? 'good' : 'deactivated';
}
