import { valueTypes } from '../wire/keyValue.js';
import type { KeyValue } from '../wire/keyValue.js';
import { bodyTypes } from '../wire/messageBody.js';
import type { MessageBody } from '../wire/messageBody.js';
import type { UpMeta } from '../wire/meta.js';
import { parsed } from './keyValues.js';

/**
 * Where a receiver's SDK would throw, with the message and what came with it lost: at texts that it
 * takes for JSON, at values that are not of their own type. undefined: nowhere.
 */
export function unreadableField(meta: Pick<UpMeta, 'ext' | 'meta'>, body: MessageBody): string | undefined {
  const { contents = [], ext = [], type } = body;
  if (!meta.ext.every(isReadable)) return 'ext';
  if (meta.meta.length > 0 && !isReadableBytes(meta.meta)) return 'meta';
  if (!ext.every(isReadable)) return 'ext';
  if (!contents.every((content) => (content.params ?? []).every(isReadable))) return 'params';
  if (!contents.every((content) => (content.customExts ?? []).every(isReadable))) return 'custom_exts';
  if (body.meta && !isOfClients(body.meta)) return 'meta';
  // The first extension of a read acknowledgement is the count of readers, whatever its type.
  const [first] = ext;
  const unread = type === bodyTypes.readAck && first !== undefined && parsed(first.stringValue ?? '');
  return unread === undefined ? 'ext' : undefined;
}

function isReadable({ type, varintValue, stringValue = '' }: KeyValue): boolean {
  switch (type) {
    case valueTypes.bool:
    case valueTypes.int:
    case valueTypes.uint:
    case valueTypes.longInt:
      return varintValue !== undefined;
    case valueTypes.jsonString:
      return parsed(stringValue) !== undefined;
    default:
      return true;
  }
}

const firstReadableByte = 0x10;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A JSON object that the SDKs read byte by byte: below 0x10 they lose count. */
function isReadableBytes(bytes: Uint8Array): boolean {
  if (bytes.some((byte) => byte < firstReadableByte)) return false;
  try {
    return isObject(parsed(strictUtf8.decode(bytes)));
  } catch {
    return false;
  }
}

/** What only a server says of a message: reactions, edits, threads' states. SDKs take them for what they are not. */
const wordsOfServers: readonly string[] = [
  'reaction',
  'edit_msg',
  'thread_overview',
  'isDelivered',
  'isRead',
];

function isOfClients(text: string): boolean {
  const value = parsed(text);
  return isObject(value) && !wordsOfServers.some((word) => word in value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
