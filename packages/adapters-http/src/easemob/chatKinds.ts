import type { ChatKey, ChatProfile } from '@recalld/domain';

/** What groups and rooms are called in paths and answers (contract A11). */
export interface ChatWords {
  readonly kind: ChatKey['kind'];
  /** In paths. */
  readonly collection: 'chatgroups' | 'chatrooms';
  /** The field of an answer that holds the chat's id. */
  readonly idField: 'groupid' | 'id';
  /** In operation ids and summaries. */
  readonly noun: 'Group' | 'Room';
  readonly tag: string;
}

export const groups: ChatWords = {
  kind: 'groupchat',
  collection: 'chatgroups',
  idField: 'groupid',
  noun: 'Group',
  tag: 'Groups',
};

export const rooms: ChatWords = {
  kind: 'chatroom',
  collection: 'chatrooms',
  idField: 'id',
  noun: 'Room',
  tag: 'Chat rooms',
};

/** Whether anybody may see a group and ask to join it. */
export function isPublic({ settings, type }: Pick<ChatProfile, 'settings' | 'type'>): boolean {
  return settings['public'] === undefined ? type === 'Public' : settings['public'] === true;
}
