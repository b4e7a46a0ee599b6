import type { Chats } from '@recalld/domain';
import { decodeMucRequest } from '../wire/mucBody.js';
import type { UpMeta } from '../wire/meta.js';
import type { Caller } from './caller.js';
import { malformed, refusals } from './refusals.js';
import type { UpRefusal } from './refusals.js';

/** Joins and leaves rooms, as the SDKs do over the socket; undefined: done. Whoever owns a room stays in it. */
export async function changeRoom(
  chats: Pick<Chats, 'addMembers' | 'removeMembers'>,
  { app, user }: Caller,
  meta: UpMeta,
): Promise<UpRefusal | undefined> {
  const request = decodeMucRequest(meta);
  if (!request.ok) return malformed(request);
  const { operation, chat: id, isRoom } = request.value;
  // Who is in a group is for its app to say.
  if (operation === 'other' || !isRoom) return refusals.unsupported;
  const room = { kind: 'chatroom', id } as const;
  const changed = await (operation === 'join'
    ? chats.addMembers(app.no, room, [user])
    : chats.removeMembers(app.no, room, [user]));
  if (changed === 'unknown') return refusals.roomNotFound;
  return changed === 'full' ? refusals.roomFull : undefined;
}
