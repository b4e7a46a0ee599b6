import type { ChatKey } from '../chat/chat.js';
import type { Restraint, RestraintScope } from '../chat/restraint.js';
import type { AppNo, Instant, UserId } from '../kernel/ids.js';

export interface RestrainedUser extends Restraint {
  readonly user: UserId;
}

/**
 * Who may not send where. Rows that nobody replays: the next send of a client sees them, on every node.
 * A chat's go with the chat, and a user's blocks with the user.
 */
export interface Restraints {
  /**
   * Restrains users from `now` on; one that is restrained there already is from now on as asked for.
   * `full`: more than `most` (null: any number) would be restrained there at `now`; then nothing was done.
   */
  impose(
    app: AppNo,
    scope: RestraintScope,
    users: readonly UserId[],
    how: Restraint & { readonly now: Instant; readonly most: number | null },
  ): Promise<'imposed' | 'full'>;
  /** From now on these users may send there again. */
  lift(app: AppNo, scope: RestraintScope, users: readonly UserId[]): Promise<void>;
  /** Who is restrained there at an instant, the last one first. */
  list(app: AppNo, scope: RestraintScope, now: Instant): Promise<readonly RestrainedUser[]>;
  /** What there is on a user, scope by scope; one that has ended may be there or not. */
  find(
    app: AppNo,
    scopes: readonly RestraintScope[],
    user: UserId,
  ): Promise<readonly (Restraint | undefined)[]>;
  /** Whether clients may send to a group or room at all; `false`: there is no such chat. */
  setDisabled(app: AppNo, key: ChatKey, disabled: boolean): Promise<boolean>;
}
