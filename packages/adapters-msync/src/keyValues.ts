import { jsonTextOf } from './json.js';
import type { JsonObject } from './json.js';
import { valueTypes } from './schema.js';
import type { KeyValue } from './schema.js';

/** An object's entries with the types that the SDKs give them when they send. */
export function keyValuesOf(object: JsonObject): readonly KeyValue[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const typed = typedValue(value);
    return typed === undefined ? [] : [{ key: name.toWellFormed(), ...typed }];
  });
}

function typedValue(value: unknown): Omit<KeyValue, 'key'> | undefined {
  switch (typeof value) {
    case 'string':
      return { type: valueTypes.string, stringValue: value.toWellFormed() };
    case 'boolean':
      return { type: valueTypes.bool, varintValue: value ? 1 : 0 };
    case 'number':
      // A whole number past 2^53 may not fit the varint; as a double it arrives as it was.
      return Number.isSafeInteger(value)
        ? { type: valueTypes.int, varintValue: value }
        : { type: valueTypes.double, doubleValue: value };
    default: {
      // Objects, arrays and null: the SDKs parse the text again.
      const text = jsonTextOf(value);
      return text === undefined ? undefined : { type: valueTypes.jsonString, stringValue: text };
    }
  }
}
