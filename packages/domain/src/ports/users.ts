import type { AppNo, Instant, UserId } from '../kernel/ids.js';

export interface User {
  readonly app: AppNo;
  readonly id: UserId;
  readonly uuid: string;
  readonly nickname: string | null;
  readonly passwordHash: string;
  readonly activated: boolean;
  readonly createdAt: Instant;
  readonly modifiedAt: Instant;
}

export interface Users {
  /**
   * Registers all or, when one of the ids is taken, none of them; answers the taken ids. Who gets the name
   * of a user that was removed sees nothing of what was said before: neither in roaming and lists nor on devices.
   */
  register(users: readonly User[]): Promise<{ readonly taken: readonly UserId[] }>;
  find(app: AppNo, user: UserId): Promise<User | undefined>;
  /** Answers the user as it now is; undefined for an unknown one. */
  change(
    app: AppNo,
    user: UserId,
    change: Partial<Pick<User, 'nickname' | 'passwordHash' | 'activated'>> & Pick<User, 'modifiedAt'>,
  ): Promise<User | undefined>;
  /**
   * Answers the user as it was; undefined for an unknown one. What it sent, and its conversations, stay; its
   * devices are forgotten.
   */
  remove(app: AppNo, user: UserId): Promise<User | undefined>;
}
