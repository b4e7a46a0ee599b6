/** Where messages go: to a user, a group or a chat room. */
export type ChatKind = 'chat' | 'groupchat' | 'chatroom';

/** A group's type in the tencent dialect's words; Easemob-made groups are Public or Private. */
export type GroupType = 'Public' | 'Private' | 'ChatRoom' | 'Work' | 'Meeting' | 'AVChatRoom' | 'Community';

export type Role = 'owner' | 'admin' | 'member';

/** Names a group or a room. */
export interface ChatKey {
  readonly kind: 'groupchat' | 'chatroom';
  readonly id: string;
}

/** What decisions know of a group or room that is there. */
export interface ChatFacts {
  readonly groupType: GroupType;
  /** Clients may not send to it. */
  readonly disabled: boolean;
}

/** Names somebody in a group or a room. */
export interface RoleKey {
  readonly chat: ChatKey;
  readonly user: string;
}

/** Where one message went. */
export interface ChatRef {
  readonly kind: ChatKind;
  /** The receiver: a user's, a group's or a room's id. */
  readonly id: string;
  /** Of groups and rooms that the server knows. */
  readonly groupType?: GroupType;
}

/** A chat's key as text, for maps. */
export function chatKeyText(key: ChatKey): string {
  return `${key.kind}/${encodeURIComponent(key.id)}`;
}

/** A role's key as text, for maps. */
export function roleKeyText(key: RoleKey): string {
  return `${chatKeyText(key.chat)}/${encodeURIComponent(key.user)}`;
}
