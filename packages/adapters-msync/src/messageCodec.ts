import { never } from '@recalld/domain';
import type { App, ChatRef, MessageCodec, MessageItem, StoredContent } from '@recalld/domain';
import { contentOf, customContent } from './easemobContent.js';
import { objectOf, textOf } from './json.js';
import { keyValuesOf } from './keyValues.js';
import { bodyTypes, encodeMessageBody, encodeMeta, namespaces, uint64Of } from './schema.js';
import type { Content, Jid, KeyValue } from './schema.js';

const userDomain = 'easemob.com';
const groupDomain = 'conference.easemob.com';

/** The encoding that the official SDKs read from roaming and from their queues: a whole Meta. */
export function createMessageCodec(): MessageCodec {
  return {
    encode: (app, item, content) =>
      encodeMeta({
        id: uint64Of(item.itemId),
        from: userJid(app, item),
        to: chatJid(app, item.chat),
        timestamp: item.sentAt,
        ns: namespaces.chat,
        payload: payloadOf(item, content),
      }),
  };
}

function userJid(app: App, { author, originDevice }: MessageItem): Jid {
  const user = { appKey: appKeyOf(app), name: author.toWellFormed(), domain: userDomain };
  return originDevice === null ? user : { ...user, clientResource: originDevice };
}

function chatJid(app: App, chat: ChatRef): Jid {
  const domain = chat.kind === 'chat' ? userDomain : groupDomain;
  return { appKey: appKeyOf(app), name: chat.id.toWellFormed(), domain };
}

function appKeyOf(app: App): string {
  return `${app.org}#${app.name}`;
}

/** The MessageBody: what an SDK sent goes on byte for byte, the rest is translated. */
function payloadOf(item: MessageItem, stored: StoredContent): Uint8Array {
  if (stored.format === 'msync') return stored.payload;
  const { content, ext } = translated(stored.format, parsed(stored));
  return encodeMessageBody({
    type: bodyTypes[item.chat.kind],
    from: { name: item.author.toWellFormed() },
    to: { name: item.chat.id.toWellFormed() },
    contents: [content],
    ext,
  });
}

interface Translated {
  readonly content: Content;
  readonly ext: readonly KeyValue[];
}

function translated(format: 'easemob' | 'tencent', value: unknown): Translated {
  switch (format) {
    case 'easemob': {
      const { type, body, ext } = objectOf(value) ?? {};
      const content = contentOf(textOf(type) ?? '', objectOf(body) ?? {});
      return { content, ext: keyValuesOf(objectOf(ext) ?? {}) };
    }
    case 'tencent':
      // Readable by an app that looks for it; lost to one that does not.
      return { content: customContent('tencent', { MsgBody: value }), ext: [] };
    default:
      return never(format);
  }
}

/** @throws a fault without the text when a stored body is no JSON: the parser's own quotes it. */
function parsed(stored: StoredContent): unknown {
  try {
    return JSON.parse(Buffer.from(stored.payload).toString('utf8')) as unknown;
  } catch {
    throw new Error(`a stored ${stored.format} body of ${stored.payload.length} bytes is no JSON text`);
  }
}
