import { createHash } from 'node:crypto';
import { attachmentsAt, recallContent } from '@recalld/domain';
import type {
  AcknowledgeMessage,
  ChatKind,
  Instant,
  ItemFlags,
  ItemId,
  ReadConversation,
  RecallMessage,
  SendMessage,
} from '@recalld/domain';
import type { UpAck, UpMessage, UpRead, UpRecall } from '../content/readUpBody.js';
import type { UpMeta } from '../wire/meta.js';
import type { Caller } from './caller.js';

/** What every command gets besides the client's words. */
export interface Stamp {
  /** The new message's, recall's, acknowledgement's or notice's. */
  readonly id: ItemId;
  readonly now: Instant;
}

export function sendOf(
  caller: Caller,
  meta: UpMeta,
  message: UpMessage,
  { id, now, retentionMs }: Stamp & { readonly retentionMs: number | null },
): SendMessage {
  const { app, user, device, origin } = caller;
  const { to, chatKind, contentKind, fileUrls } = message;
  return {
    type: 'SendMessage',
    app: app.no,
    msgId: id,
    from: user,
    to,
    chatKind,
    content: meta.stored,
    contentKind,
    attachments: attachmentsAt(app, fileUrls),
    random: null,
    expiresAt: retentionMs === null ? null : now + retentionMs,
    flags: flagsOf(meta),
    directedTo: meta.directedTo,
    authority: 'user',
    retryKey: retryKeyOf(caller, meta, to),
    origin,
    originDevice: device,
    now,
  };
}

/** The vendor keeps what only some members may see out of conversation lists. */
function flagsOf({ route, directedTo }: UpMeta): ItemFlags {
  return {
    ...(route === 'online' ? { onlineOnly: true } : {}),
    ...(directedTo !== null ? { unlisted: true } : {}),
  };
}

/**
 * The SDKs count their ids on from the time of day, and begin again with every page: a page that sent
 * much can have used those of the next one. So what is sent again is the same also in what it says.
 */
function retryKeyOf({ user, device }: Caller, { id, stored }: UpMeta, to: string): string {
  const said = createHash('sha256').update(to).update('\0').update(stored.payload).digest('base64url');
  // At most 400 bytes. The length says where the user's name ends, whatever is in it.
  return `${id}/${said}/${user.length}/${user}/${device}`;
}

/** A recall in each kind of chat that it may mean: groups and rooms are named in the same way. */
export function recallsOf(caller: Caller, recall: UpRecall, { id, now }: Stamp): readonly RecallMessage[] {
  const { app, user, device, origin } = caller;
  const { msgId, to, conference, extension } = recall;
  return kindsOf(conference).map((chatKind) => ({
    type: 'RecallMessage',
    app: app.no,
    msgId,
    recallId: id,
    chatKind,
    to,
    by: user,
    authority: 'user',
    waive: { window: false, absence: false },
    syncSender: true,
    extension: extension === null || extension === '' ? null : recallContent(extension),
    origin,
    originDevice: device,
    now,
  }));
}

/** The same of an acknowledgement: the one that fits its message is recorded, once. */
export function acknowledgementsOf(
  caller: Caller,
  meta: UpMeta,
  { msgId, ack, to, conference }: UpAck,
  { id, now }: Stamp,
): readonly AcknowledgeMessage[] {
  const { app, user, device, origin } = caller;
  // In a group a reader may say something with it; elsewhere the event is all there is to tell.
  const content = conference && ack === 'read' ? meta.stored : null;
  return kindsOf(conference).map((chatKind) => ({
    type: 'AcknowledgeMessage',
    app: app.no,
    ackId: id,
    ack,
    msgId,
    chatKind,
    to,
    by: user,
    content,
    origin,
    originDevice: device,
    now,
  }));
}

/** Rooms have no conversations: of one it is a group's that nobody has. */
export function readingOf(caller: Caller, { to, conference }: UpRead, { id, now }: Stamp): ReadConversation {
  const { app, user, device, origin } = caller;
  return {
    type: 'ReadConversation',
    app: app.no,
    user,
    kind: conference ? 'groupchat' : 'chat',
    channel: to,
    noticeId: id,
    origin,
    originDevice: device,
    now,
  };
}

function kindsOf(conference: boolean): readonly ChatKind[] {
  return conference ? ['groupchat', 'chatroom'] : ['chat'];
}
