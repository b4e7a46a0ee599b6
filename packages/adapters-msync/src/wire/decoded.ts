/**
 * Why bytes of a client are not what they should be. `notProtobuf`: broken, or not of these fields'
 * types. `tooMany`: more fields or entries than anybody has reason to send.
 */
export type WireFault =
  'notProtobuf' | 'tooLong' | 'tooMany' | 'unknownCommand' | 'missingField' | 'wrongField';

export interface Malformed {
  readonly ok: false;
  readonly fault: WireFault;
  /** The field's name on the wire, where the fault is one field's. */
  readonly field: string | null;
}

/** What a client's bytes say, or why they say nothing. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | Malformed;

export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

export function malformed(fault: WireFault, field: string | null = null): Malformed {
  return { ok: false, fault, field };
}
