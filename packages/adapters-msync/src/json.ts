// Bodies are stored as they came, so nothing about their shape can be relied on: each reader below
// takes any JSON value, and answers undefined when it is not of the wanted kind.

export type JsonObject = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/**
 * Text that every decoder takes. A JSON text may hold half of a surrogate pair, which has no UTF-8
 * form: strict decoders give up the whole message for it.
 */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.toWellFormed();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A number, also from its text: coordinates are strings in the vendor's REST interface (contract A9). */
export function numberOf(value: unknown): number | undefined {
  const text = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof text === 'number' && Number.isFinite(text) ? text : undefined;
}

/** A whole number that fits the wire's int32; sizes and durations that do not are left out. */
export function int32Of(value: unknown): number | undefined {
  const rounded = Math.round(numberOf(value) ?? NaN);
  return rounded === (rounded | 0) ? rounded : undefined;
}

/** JSON text, or undefined for a value nested deeper than the engine's stack allows. */
export function jsonTextOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (fault) {
    if (fault instanceof RangeError) return undefined;
    throw fault;
  }
}
