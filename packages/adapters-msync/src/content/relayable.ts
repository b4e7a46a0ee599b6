import { valueTypes } from '../wire/keyValue.js';
import type { KeyValue } from '../wire/keyValue.js';
import { isUtf8Throughout } from '../wire/decodeBytes.js';
import { wire } from '../wire/descriptors.js';
import type { WireType } from '../wire/descriptors.js';
import { bodyTypes } from '../wire/messageBody.js';
import type { MessageBody } from '../wire/messageBody.js';
import type { UpMeta } from '../wire/meta.js';
import { parsed } from './keyValues.js';

/**
 * Where a receiver's SDK would throw, with the message and what came with it lost: at texts that it
 * takes for JSON, at values that are not of their own type. undefined: nowhere.
 */
export function unreadableField(
  meta: Pick<UpMeta, 'ext' | 'meta' | 'stored' | 'payload'>,
  body: MessageBody,
): string | undefined {
  const { contents = [], ext = [] } = body;
  const inContents = contents.flatMap(({ params = [], customExts = [] }) => [...params, ...customExts]);
  if (!areReadable(meta.ext, wire.meta, meta.stored.payload)) return 'ext';
  if (meta.meta.length > 0 && !isReadableBytes(meta.meta)) return 'meta';
  if (!areReadable([...ext, ...inContents], wire.messageBody, meta.payload)) return 'ext';
  if (body.meta && !(isOfClients(body.meta) && isUtf8Throughout(wire.messageBody, meta.payload)))
    return 'meta';
  return claimsCount(body) ? 'ext' : undefined;
}

/**
 * Of a read acknowledgement the SDKs take the first extension for the server's count of readers, whatever
 * its name and type. No SDK sends one; who does would show the author any count.
 */
function claimsCount({ type, ext = [] }: MessageBody): boolean {
  return type === bodyTypes.readAck && ext.length > 0;
}

function areReadable(entries: readonly KeyValue[], type: WireType, bytes: Uint8Array): boolean {
  const hasJson = entries.some((entry) => entry.type === valueTypes.jsonString);
  return entries.every(isReadable) && (!hasJson || isUtf8Throughout(type, bytes));
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
