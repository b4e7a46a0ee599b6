import type { ContentBody, MessageContent } from '@recalld/domain';
import { decodeBytes } from '../wire/decodeBytes.js';
import { wire } from '../wire/descriptors.js';
import { contentTypes, decodeMessageBody, subTypes } from '../wire/messageBody.js';
import type { Content, MessageBody } from '../wire/messageBody.js';
import type { Meta } from '../wire/meta.js';
import { jsonObjectOf } from './keyValues.js';

const unreadable: MessageContent = { body: { kind: 'unknown', type: 'msync', fields: {} }, ext: {} };

/** Reads what is kept of a client's Meta. What is no message is `unknown`; never throws. */
export function readMsyncContent(payload: Uint8Array): MessageContent {
  const meta = decodeBytes<Meta>(wire.meta, payload);
  if (!meta.ok || meta.value.payload === undefined) return unreadable;
  const body = decodeMessageBody(meta.value.payload);
  return body.ok ? messageContentOf(body.value) : unreadable;
}

/** What a body says: its first content, which is the only one that the SDKs show. */
function messageContentOf({ contents: [content = {}] = [], ext = [] }: MessageBody): MessageContent {
  return { body: contentBodyOf(content), ext: jsonObjectOf(ext) };
}

export function contentBodyOf(content: Content): ContentBody {
  const { type = contentTypes.text, subType } = content;
  switch (type) {
    case contentTypes.text:
      return subType === subTypes.combine ? combined(content) : { kind: 'txt', text: content.text ?? '' };
    case contentTypes.image:
      return { kind: 'img', ...fileOf(content), ...thumbnailOf(content), ...sizeOf(content) };
    case contentTypes.video:
      return {
        kind: 'video',
        ...fileOf(content),
        ...thumbnailOf(content),
        ...sizeOf(content),
        ...present({ seconds: content.duration }),
      };
    case contentTypes.location:
      return placeOf(content);
    case contentTypes.voice:
      return { kind: 'audio', ...fileOf(content), ...present({ seconds: content.duration }) };
    case contentTypes.file:
      return { kind: 'file', ...fileOf(content) };
    case contentTypes.command:
      return { kind: 'cmd', action: content.action ?? '' };
    case contentTypes.custom: {
      const { customEvent: event = '', customExts = [] } = content;
      return { kind: 'custom', event, fields: jsonObjectOf(customExts) };
    }
    case contentTypes.combine:
      return combined(content);
    default:
      return { kind: 'unknown', type: `msync ${type}`, fields: {} };
  }
}

function combined(content: Content): ContentBody {
  const { title, summary, text } = content;
  return { kind: 'combine', ...fileOf(content), ...present({ title, summary, text }) };
}

function placeOf({ latitude = 0, longitude = 0, address = '', buildingName }: Content): ContentBody {
  return { kind: 'loc', latitude, longitude, address, ...present({ building: buildingName }) };
}

function fileOf({ remotePath, displayName, secretKey, fileLength }: Content) {
  return present({ url: remotePath, fileName: displayName, secret: secretKey, fileBytes: fileLength });
}

function thumbnailOf({ thumbnailRemotePath, thumbnailSecretKey }: Content) {
  return present({ thumbnailUrl: thumbnailRemotePath, thumbnailSecret: thumbnailSecretKey });
}

function sizeOf({ size: { width, height } = {} }: Content) {
  return width !== undefined && height !== undefined && Number.isFinite(width) && Number.isFinite(height)
    ? { size: { width, height } }
    : {};
}

type Present<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
