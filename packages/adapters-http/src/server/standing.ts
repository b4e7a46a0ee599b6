import { standingOf } from '@recalld/domain';
import type { App, Users } from '@recalld/domain';
import type { Principal } from '../route.js';

/** Whether a user's token is still good for its user: registered, active, and not a later one of the same name. */
export async function isInGoodStanding(
  users: Pick<Users, 'find'>,
  app: App,
  { user, tokenIssuedAt }: Extract<Principal, { readonly kind: 'user' }>,
): Promise<boolean> {
  return standingOf(await users.find(app.no, user), { issuedAt: tokenIssuedAt }) === 'good';
}
