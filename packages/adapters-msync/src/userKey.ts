import type { AppNo, UserId } from '@recalld/domain';

/** Names a user among those of all apps. */
export function userKey({ app, user }: { readonly app: AppNo; readonly user: UserId }): string {
  return `${app}/${user}`;
}
