import type { JsonObject, JsonValue } from '@recalld/domain';
import { valueTypes } from '../wire/keyValue.js';
import type { KeyValue } from '../wire/keyValue.js';

/** An object's entries with the types that the SDKs give them when they send. */
export function keyValuesOf(object: JsonObject): readonly KeyValue[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const typed = typedValue(value);
    return typed === undefined ? [] : [{ key: name.toWellFormed(), ...typed }];
  });
}

function typedValue(value: JsonValue): Omit<KeyValue, 'key'> | undefined {
  switch (typeof value) {
    case 'string':
      return { type: valueTypes.string, stringValue: value.toWellFormed() };
    case 'boolean':
      return { type: valueTypes.bool, varintValue: value ? '1' : '0' };
    case 'number':
      // A whole number past 2^53 may not fit the varint; as a double it arrives as it was.
      return Number.isSafeInteger(value)
        ? { type: valueTypes.int, varintValue: String(value) }
        : { type: valueTypes.double, doubleValue: value };
    default: {
      // Objects, arrays and null: the SDKs parse the text again.
      const text = jsonTextOf(value);
      return text === undefined ? undefined : { type: valueTypes.jsonString, stringValue: text };
    }
  }
}

/** JSON text, or undefined for a value nested deeper than the engine's stack allows. */
function jsonTextOf(value: JsonValue): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (fault) {
    if (fault instanceof RangeError) return undefined;
    throw fault;
  }
}

/** Entries as the SDKs show them; the last one of a name counts, and what has no JSON form is left out. */
export function jsonObjectOf(entries: readonly KeyValue[]): JsonObject {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const value = valueOf(entry);
      return value === undefined ? [] : [[entry.key ?? '', value]];
    }),
  );
}

function valueOf({ type, varintValue, floatValue, doubleValue, stringValue = '' }: KeyValue) {
  switch (type) {
    case valueTypes.bool:
      return varintValue !== undefined && varintValue !== '0';
    case valueTypes.int:
    case valueTypes.uint:
    case valueTypes.longInt:
      return Number(varintValue ?? 0);
    case valueTypes.float:
      return finite(floatValue);
    case valueTypes.double:
      return finite(doubleValue);
    case valueTypes.string:
      return stringValue;
    case valueTypes.jsonString:
      return parsed(stringValue);
    default:
      return undefined;
  }
}

function finite(value = 0): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** The value of a JSON text, undefined for any other. */
export function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
