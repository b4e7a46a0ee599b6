import { assert, never } from '@recalld/domain';
import type {
  AcknowledgementItem,
  App,
  ContentDecoder,
  DeletionItem,
  Item,
  JsonObject,
  MessageItem,
  ReadItem,
  RecallItem,
  RoamingDeletionItem,
  StoredContent,
} from '@recalld/domain';
import { chatJid, conferenceJid, userJid } from '../wire/jid.js';
import type { Jid } from '../wire/jid.js';
import { bodyTypes, encodeMessageBody } from '../wire/messageBody.js';
import type { MessageBody } from '../wire/messageBody.js';
import { encodeMeta, relayMeta } from '../wire/meta.js';
import type { Namespace, Stamp } from '../wire/meta.js';
import { contentOf } from './encodeContent.js';
import { keyValuesOf } from './keyValues.js';
import { extensionEntries } from './recallExtension.js';

/**
 * A whole Meta of an item, the same for every device that gets it. It has the item's own id, also for
 * a recall: the SDKs drop an id that they have had. @param content the item's body; a message always
 * has one: one recalled meanwhile is no longer there to be encoded.
 */
export function encodeItem(
  app: App,
  item: Item,
  content: StoredContent | undefined,
  decoder: ContentDecoder,
): Uint8Array {
  switch (item.kind) {
    case 'message':
      return encodeMessage(app, item, content, decoder);
    case 'recall':
      return encodeRecall(app, item, content);
    case 'acknowledgement':
      return encodeAcknowledgement(app, item, content);
    case 'read':
      return encodeRead(app, item);
    case 'deletion':
      return encodeDeletion(app, item);
    case 'roamingDeletion':
      return encodeRoamingDeletion(app, item);
    default:
      return never(item);
  }
}

function encodeMessage(
  app: App,
  item: MessageItem,
  stored: StoredContent | undefined,
  decoder: ContentDecoder,
): Uint8Array {
  assert(stored !== undefined, `message ${item.itemId} has a body`);
  const stamp = stampOf(item, authorJid(app, item), chatJid(app, item.chat));
  if (stored.format === 'msync') return relayMeta(stamp, stored);
  const { body, ext } = decoder.decode(stored);
  return encodeBody(stamp, {
    type: bodyTypes[item.chat.kind],
    contents: [contentOf(body)],
    ext: keyValuesOf(ext),
  });
}

/**
 * An SDK knows the chat of a recall by its two names alone. In a one-to-one chat whoever recalls for
 * neither of the two does so in the name of the message's author.
 */
function encodeRecall(app: App, item: RecallItem, content: StoredContent | undefined): Uint8Array {
  const { author, messageAuthor, chat, recalledId } = item;
  const body = { type: bodyTypes.recall, ackMessageId: recalledId, contents: [{}] };
  const ext = extensionEntries(content);
  if (chat.kind !== 'chat') {
    return encodeBody(stampOf(item, authorJid(app, item), chatJid(app, chat)), body, ext);
  }
  const byReceiver = author === chat.id;
  const byOneOfThem = byReceiver || author === messageAuthor;
  const from = byOneOfThem ? authorJid(app, item) : userJid(app, messageAuthor);
  const to = userJid(app, byReceiver ? messageAuthor : chat.id);
  return encodeBody(stampOf(item, from, to), body, ext);
}

function encodeAcknowledgement(
  app: App,
  item: AcknowledgementItem,
  stored: StoredContent | undefined,
): Uint8Array {
  const { ack, chat, messageAuthor, msgId } = item;
  const to = chat.kind === 'chat' ? userJid(app, messageAuthor) : chatJid(app, chat);
  const stamp = stampOf(item, authorJid(app, item), to);
  if (stored?.format === 'msync') return relayMeta(stamp, stored);
  const type = ack === 'read' ? bodyTypes.readAck : bodyTypes.deliveryAck;
  return encodeBody(stamp, { type, ackMessageId: msgId, contents: [{}] });
}

function encodeRead(app: App, item: ReadItem): Uint8Array {
  const { conversation, channel } = item;
  const to = conversation === 'chat' ? userJid(app, channel) : conferenceJid(app, channel);
  const stamp = stampOf(item, authorJid(app, item), to);
  return encodeBody(stamp, { type: bodyTypes.channelAck, contents: [{}] });
}

function encodeDeletion(app: App, item: DeletionItem): Uint8Array {
  const { author, originDevice, conversation, channel, sentAt } = item;
  const data = {
    op: 'del',
    res: originDevice ?? '',
    from: author,
    id: channel,
    type: conversation,
    ts: sentAt,
  };
  return encodeNotification(app, item, 'conv', data);
}

/** The SDKs know two kinds of chats here: what is not one-to-one is a group. */
function encodeRoamingDeletion(app: App, item: RoamingDeletionItem): Uint8Array {
  const { originDevice, conversation, channel } = item;
  const chatType = conversation === 'chat' ? 'chat' : 'groupchat';
  return encodeNotification(app, item, 'roaming_delete', {
    to: channel,
    chatType,
    resource: originDevice ?? '',
  });
}

/**
 * The SDKs read the payload byte by byte with hexadecimal numbers of one digit below 0x10, and fail:
 * one line of JSON has no such byte, names that hold some are escaped.
 */
function encodeNotification(app: App, item: Item, type: string, data: JsonObject): Uint8Array {
  const payload = Buffer.from(JSON.stringify({ type, data }));
  return encodeMeta(stampOf(item, authorJid(app, item), userJid(app, item.author), 'notify'), payload);
}

function authorJid(app: App, { author, originDevice }: Item): Jid {
  return userJid(app, author, originDevice);
}

function stampOf({ itemId, sentAt }: Item, from: Jid, to: Jid, namespace: Namespace = 'chat'): Stamp {
  return { id: itemId, from, to, at: sentAt, namespace };
}

/** The SDKs show the names in the body, which are those of the Meta. */
function encodeBody(
  stamp: Stamp,
  body: Omit<MessageBody, 'from' | 'to'>,
  ext?: Parameters<typeof encodeMeta>[2],
): Uint8Array {
  return encodeMeta(stamp, encodeMessageBody({ ...body, from: named(stamp.from), to: named(stamp.to) }), ext);
}

function named({ name = '' }: Jid): Jid {
  return { name };
}
