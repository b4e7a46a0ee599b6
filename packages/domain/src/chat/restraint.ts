import type { Instant, UserId } from '../kernel/ids.js';
import { chatKeyText } from './chat.js';
import type { ChatKey, ChatKind } from './chat.js';

/**
 * Where somebody may not send. `user`: to that user, who has blocked them. `chat`: in that group or
 * room. `app`: in all chats of a kind.
 */
export type RestraintScope =
  | { readonly by: 'user'; readonly user: UserId }
  | { readonly by: 'chat'; readonly chat: ChatKey }
  | { readonly by: 'app'; readonly kind: ChatKind };

/** Names who may not send where. */
export interface RestraintKey {
  readonly scope: RestraintScope;
  readonly user: UserId;
}

/** A client's user may not send somewhere. It binds nobody from `until` on; null: until it is lifted. */
export interface Restraint {
  readonly until: Instant | null;
}

/** Whether it binds at an instant. */
export function binds(restraint: Restraint | undefined, now: Instant): boolean {
  return restraint !== undefined && (restraint.until === null || now < restraint.until);
}

/** What may keep a user from sending to a chat: what the app says, then what the chat or the receiver says. */
export function scopesOfSend(
  kind: ChatKind,
  to: string,
): readonly [everywhere: RestraintScope, here: RestraintScope] {
  const here: RestraintScope =
    kind === 'chat' ? { by: 'user', user: to } : { by: 'chat', chat: { kind, id: to } };
  return [{ by: 'app', kind }, here];
}

/** A scope's key as text, for maps and rows. */
export function restraintScopeText(scope: RestraintScope): string {
  switch (scope.by) {
    case 'user':
      return `user/${encodeURIComponent(scope.user)}`;
    case 'chat':
      return chatKeyText(scope.chat);
    case 'app':
      return `app/${scope.kind}`;
  }
}

/** A restraint's key as text, for maps. */
export function restraintKeyText({ scope, user }: RestraintKey): string {
  return `${restraintScopeText(scope)}/${encodeURIComponent(user)}`;
}
