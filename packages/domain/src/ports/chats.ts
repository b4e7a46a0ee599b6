import type { ChatKey, GroupType, Role } from '../chat/chat.js';
import type { AppNo, Instant, UserId } from '../kernel/ids.js';
import type { Cursor, Page } from './timelineReader.js';

/** A group or a chat room. */
export interface ChatProfile {
  readonly app: AppNo;
  readonly key: ChatKey;
  readonly type: GroupType;
  readonly name: string;
  readonly description: string;
  readonly owner: UserId;
  readonly membersMax: number;
  readonly custom: string;
  /** What only one vendor's API has (`membersonly`, `allowinvites`, ...), as that edge keeps it. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Clients may not send to it. */
  readonly disabled: boolean;
  readonly createdAt: Instant;
}

export interface Member {
  readonly user: UserId;
  readonly role: Role;
}

/** Groups, rooms and who is in them. A membership starts after the timeline's head at that moment. */
export interface Chats {
  /** Creates the chat with its owner and members; `taken` when a group or room has that id already. */
  create(profile: ChatProfile, members: readonly UserId[]): Promise<'created' | 'taken'>;
  find(
    app: AppNo,
    keys: readonly ChatKey[],
  ): Promise<readonly (ChatProfile & { readonly memberCount: number })[]>;
  /** Ends all memberships and removes the chat; its timeline stays. */
  remove(app: AppNo, key: ChatKey): Promise<boolean>;
  /** Answers those who were not members before; `full` when the chat would have more than it may. */
  addMembers(
    app: AppNo,
    key: ChatKey,
    users: readonly UserId[],
  ): Promise<readonly UserId[] | 'full' | 'unknown'>;
  /** Answers those who were members before; the owner stays. */
  removeMembers(app: AppNo, key: ChatKey, users: readonly UserId[]): Promise<readonly UserId[] | 'unknown'>;
  /** Makes a member an admin, or an admin a member again; `false` for the owner and who is no member. */
  changeRole(app: AppNo, key: ChatKey, user: UserId, role: Exclude<Role, 'owner'>): Promise<boolean>;
}

export interface ChatReader {
  /** Who is in a chat now; nobody for an unknown one. Cheap while nobody joins or leaves. */
  membersNow(app: AppNo, key: ChatKey): Promise<ReadonlySet<UserId>>;
  /** Owner first, then by the time of joining. */
  members(app: AppNo, key: ChatKey, from: Cursor | undefined, limit: number): Promise<Page<Member>>;
  list(
    app: AppNo,
    kind: ChatKey['kind'],
    from: Cursor | undefined,
    limit: number,
  ): Promise<Page<ChatProfile>>;
  joined(app: AppNo, user: UserId, kind: ChatKey['kind']): Promise<readonly ChatProfile[]>;
}
