import { isMsgId } from '@recalld/domain';
import type { Ack, ChatKind, ContentKind, MsgId, UserId } from '@recalld/domain';
import { decoded, malformed } from '../wire/decoded.js';
import type { Decoded } from '../wire/decoded.js';
import { chatDomain, userDomain } from '../wire/jid.js';
import type { Jid } from '../wire/jid.js';
import { bodyTypes, decodeMessageBody } from '../wire/messageBody.js';
import type { MessageBody } from '../wire/messageBody.js';
import type { UpMeta } from '../wire/meta.js';
import { isId } from '../wire/text.js';
import { contentBodyOf } from './decodeContent.js';
import { unreadableField } from './relayable.js';
import { sentExtension } from './recallExtension.js';

/** More than any SDK puts into one body; they show the first. */
const contentsMax = 16;

interface UpBase {
  /** A user, or a group or room. */
  readonly to: string;
  /** Whether `to` is a group or a room; their names do not tell which. */
  readonly conference: boolean;
}

export interface UpMessage extends UpBase {
  readonly kind: 'message';
  readonly chatKind: ChatKind;
  readonly contentKind: ContentKind;
  /** What its contents point at, thumbnails too; any text. */
  readonly fileUrls: readonly string[];
}

export interface UpAck extends UpBase {
  readonly kind: 'ack';
  readonly ack: Ack;
  readonly msgId: MsgId;
}

export interface UpRecall extends UpBase {
  readonly kind: 'recall';
  readonly msgId: MsgId;
  readonly extension: string | null;
}

/** Everything in the conversation is read. */
export interface UpRead extends UpBase {
  readonly kind: 'read';
}

/** Of a type that this server has no word for. */
export interface UpOther extends UpBase {
  readonly kind: 'other';
  readonly type: number;
}

/** What a client's Meta of the namespace `chat` asks for. */
export type UpBody = UpMessage | UpAck | UpRecall | UpRead | UpOther;

/**
 * Reads what a user's client sent. It is relayed byte for byte, and receivers' SDKs take the names
 * out of the body, so it must be this user's, to whom the Meta says; what an SDK would throw at is
 * refused, for it would lose what comes with it too. Never throws.
 */
export function readUpBody(meta: UpMeta, user: UserId): Decoded<UpBody> {
  const read = decodeMessageBody(meta.payload);
  if (!read.ok) return read;
  const { value: body } = read;
  const { to, contents = [] } = body;
  if (meta.to?.name === undefined) return malformed('missingField', 'to');
  if (!isId(meta.to.name) || to?.name !== meta.to.name) return malformed('wrongField', 'to');
  if (body.from?.name !== user) return malformed('wrongField', 'from');
  if (contents.length === 0) return malformed('missingField', 'contents');
  if (contents.length > contentsMax) return malformed('tooMany', 'contents');
  const unreadable = unreadableField(meta, body);
  if (unreadable !== undefined) return malformed('wrongField', unreadable);
  const conference = isConference(meta.to);
  if (conference === undefined) return malformed('wrongField', 'to');
  return bodyOf(body, meta, { to: meta.to.name, conference });
}

function isConference({ domain = userDomain }: Jid): boolean | undefined {
  if (domain === chatDomain) return true;
  return domain === userDomain ? false : undefined;
}

function bodyOf(body: MessageBody, meta: UpMeta, base: UpBase): Decoded<UpBody> {
  const { type = bodyTypes.normal } = body;
  switch (type) {
    case bodyTypes.chat:
      return messageOf(body, 'chat', base);
    case bodyTypes.groupchat:
      return messageOf(body, 'groupchat', base);
    case bodyTypes.chatroom:
      return messageOf(body, 'chatroom', base);
    case bodyTypes.readAck:
      return withMsgId(body, (msgId) => ({ kind: 'ack', ack: 'read', msgId, ...base }));
    case bodyTypes.deliveryAck:
      return withMsgId(body, (msgId) => ({ kind: 'ack', ack: 'delivered', msgId, ...base }));
    case bodyTypes.recall: {
      const extension = sentExtension(meta.ext);
      return withMsgId(body, (msgId) => ({ kind: 'recall', msgId, extension, ...base }));
    }
    case bodyTypes.channelAck:
      return decoded({ kind: 'read', ...base });
    default:
      return decoded({ kind: 'other', type, ...base });
  }
}

function messageOf({ contents = [] }: MessageBody, chatKind: ChatKind, base: UpBase): Decoded<UpMessage> {
  if (base.conference !== (chatKind !== 'chat')) return malformed('wrongField', 'type');
  const [first = {}] = contents;
  const { kind: contentKind } = contentBodyOf(first);
  const fileUrls = contents
    .flatMap(({ remotePath, thumbnailRemotePath }) => [remotePath, thumbnailRemotePath])
    .filter((url) => url !== undefined);
  return decoded({ kind: 'message', chatKind, contentKind, fileUrls, ...base });
}

function withMsgId(
  { ackMessageId = '0' }: MessageBody,
  make: (msgId: MsgId) => UpAck | UpRecall,
): Decoded<UpBody> {
  if (ackMessageId === '0') return malformed('missingField', 'ack_message_id');
  return isMsgId(ackMessageId) ? decoded(make(ackMessageId)) : malformed('wrongField', 'ack_message_id');
}
