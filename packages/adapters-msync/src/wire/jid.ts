import type { App, ChatRef, DeviceId, UserId } from '@recalld/domain';

export const userDomain = 'easemob.com';
/** Of groups and of rooms: their names look the same. */
export const chatDomain = 'conference.easemob.com';

/** A user, a group or a room; without a name a user's system queue. */
export interface Jid {
  readonly appKey?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly clientResource?: string;
}

export function appKeyOf(app: App): string {
  return `${app.org}#${app.name}`;
}

/** @param resource the user's device; null or left out: none in particular. */
export function userJid(app: App, user: UserId, resource: DeviceId | null = null): Jid {
  const jid = { appKey: appKeyOf(app), name: user.toWellFormed(), domain: userDomain };
  return resource === null ? jid : { ...jid, clientResource: resource.toWellFormed() };
}

/** Where a message went. */
export function chatJid(app: App, chat: Pick<ChatRef, 'kind' | 'id'>): Jid {
  return chat.kind === 'chat' ? userJid(app, chat.id) : conferenceJid(app, chat.id);
}

export function conferenceJid(app: App, id: string): Jid {
  return { appKey: appKeyOf(app), name: id.toWellFormed(), domain: chatDomain };
}

/** The queue of what concerns a user in no chat in particular. */
export function systemJid(app: App): Jid {
  return { appKey: appKeyOf(app), domain: userDomain };
}
