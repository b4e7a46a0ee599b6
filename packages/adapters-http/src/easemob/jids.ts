import type { App, ConversationKind } from '@recalld/domain';

// How the SDKs name users and groups: `org#app_name@domain` (msync).
const userDomain = 'easemob.com';
const chatDomain = 'conference.easemob.com';

export interface Queue {
  /** `group` covers chat rooms: their names look the same. */
  readonly kind: 'user' | 'group';
  readonly id: string;
}

export function userJid(app: App, user: string): string {
  return `${app.org}#${app.name}_${user}@${userDomain}`;
}

/** The name of a conversation's other side. */
export function channelJid(app: App, kind: ConversationKind, channel: string): string {
  const domain = kind === 'chat' ? userDomain : chatDomain;
  return `${app.org}#${app.name}_${channel}@${domain}`;
}

/** Reads what a client calls a queue, with or without the appkey before the name. */
export function parseQueue(app: App, text: string): Queue | undefined {
  const at = text.lastIndexOf('@');
  const domain = text.slice(at + 1);
  if (at < 1 || (domain !== userDomain && domain !== chatDomain)) return undefined;
  const appkey = `${app.org}#${app.name}_`;
  const name = text.slice(0, at);
  const id = name.startsWith(appkey) ? name.slice(appkey.length) : name;
  return { kind: domain === userDomain ? 'user' : 'group', id };
}
