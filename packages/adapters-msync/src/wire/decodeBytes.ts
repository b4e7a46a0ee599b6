import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs/light.js';
import { decoded, malformed } from './decoded.js';
import type { Decoded, WireFault } from './decoded.js';
import type { WireType } from './descriptors.js';

/**
 * Fields in one message, those of the messages inside it included. Each costs an object at most, so
 * this bounds what a frame of two-byte fields can make of itself.
 */
export const fieldsMax = 4_096;

const wireTypes = { lengthDelimited: 2, groupStart: 3, groupEnd: 4 } as const;

/**
 * Reads one message; 64-bit numbers become decimal text, absent fields stay absent. Stricter than the
 * library: a field twice, one in another wire type than its own, and a group are broken. The SDKs'
 * older decoder reads such bytes otherwise than this one does, so what is checked here would not be
 * what they show.
 */
export function decodeBytes<T>(type: WireType, bytes: Uint8Array): Decoded<T> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const fault = faultOf(type, protobuf.Reader.create(buffer), { fields: fieldsMax });
    if (fault !== undefined) return malformed(fault);
    return decoded(type.toObject(type.decode(buffer), { longs: String }) as T);
  } catch {
    // The library's own words for broken bytes; they may quote them.
    return malformed('notProtobuf');
  }
}

/**
 * Whether every text in a message that {@link decodeBytes} can read is UTF-8. Half of a character is
 * in what people write; but of JSON text with some, each decoder makes another one.
 */
export function isUtf8Throughout(type: WireType, bytes: Uint8Array): boolean {
  return faultOf(type, protobuf.Reader.create(bytes), { fields: fieldsMax, utf8: true }) === undefined;
}

/**
 * Goes through the message that ends at `end`, and keeps nothing. @throws what the library throws for
 * broken bytes.
 */
function faultOf(
  type: WireType,
  reader: protobuf.Reader,
  left: { fields: number; readonly utf8?: true },
  end = reader.len,
): WireFault | undefined {
  let seen = 0;
  while (reader.pos < end) {
    left.fields -= 1;
    if (left.fields < 0) return 'tooMany';
    const tag = reader.tag();
    const wireType = tag & 7;
    const id = tag >>> 3;
    if (id === 0 || wireType === wireTypes.groupStart || wireType === wireTypes.groupEnd) {
      return 'notProtobuf';
    }
    const field = type.fieldsById[id];
    if (field !== undefined) {
      // Ids of known fields are below 32.
      const bit = 1 << id;
      if (wireType !== wireTypeOf(field) || (!field.repeated && (seen & bit) !== 0)) return 'notProtobuf';
      seen |= bit;
    }
    const fault = faultInside(field, wireType, reader, left);
    if (fault !== undefined) return fault;
  }
  return reader.pos === end ? undefined : 'notProtobuf';
}

function faultInside(
  field: protobuf.Field | undefined,
  wireType: number,
  reader: protobuf.Reader,
  left: { fields: number; readonly utf8?: true },
): WireFault | undefined {
  if (field?.resolvedType instanceof protobuf.Type) {
    const length = reader.uint32();
    return faultOf(field.resolvedType, reader, left, reader.pos + length);
  }
  if (left.utf8 && field?.type === 'string') return isUtf8(reader.bytes()) ? undefined : 'notProtobuf';
  reader.skipType(wireType);
  return undefined;
}

function wireTypeOf({ type }: protobuf.Field): number {
  return protobuf.types.basic[type as keyof typeof protobuf.types.basic] ?? wireTypes.lengthDelimited;
}
