import { groupTimeline, pairTimeline, parseTimeline, roomTimeline, userTimeline } from '@recalld/domain';
import type { App, TimelineId, UserId } from '@recalld/domain';
import { appKeyOf, chatDomain, conferenceJid, systemJid, userDomain, userJid } from './jid.js';
import type { Jid } from './jid.js';
import { isId } from './text.js';

/** What a user's device calls a timeline: a one-to-one chat by its other side. */
export function queueJid(app: App, timeline: TimelineId, viewer: UserId): Jid {
  const parsed = parseTimeline(timeline);
  switch (parsed.kind) {
    case 'pair':
      return userJid(app, parsed.userA === viewer ? parsed.userB : parsed.userA);
    case 'group':
    case 'room':
      return conferenceJid(app, parsed.id);
    case 'user':
      return systemJid(app);
  }
}

/** Whether an id of the app's chats is a room's; it is a group's otherwise. */
export type IsRoom = (id: string) => Promise<boolean>;

/**
 * The timeline that a user's device means. undefined: no queue of this app. Whether the user may
 * read it is not asked here.
 */
export async function timelineOfQueue(
  app: App,
  queue: Jid,
  viewer: UserId,
  isRoom: IsRoom,
): Promise<TimelineId | undefined> {
  const { appKey = appKeyOf(app), name = '', domain = userDomain } = queue;
  if (appKey !== appKeyOf(app)) return undefined;
  if (name === '') return domain === userDomain ? userTimeline(viewer) : undefined;
  if (!isId(name)) return undefined;
  switch (domain) {
    case userDomain:
      return pairTimeline(viewer, name);
    case chatDomain:
      return (await isRoom(name)) ? roomTimeline(name) : groupTimeline(name);
    default:
      return undefined;
  }
}
