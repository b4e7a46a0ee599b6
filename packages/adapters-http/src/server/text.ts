import { limits } from '@recalld/domain';

const nul = '\u0000';

/** Text that every store can keep: well-formed Unicode without NUL. */
export function isCleanText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes(nul);
}

/** An id of a user, group or room: 1 to 64 bytes of clean text, compared as given. */
export function isId(value: unknown): value is string {
  if (!isCleanText(value) || value === '' || value.length > limits.idBytesMax) return false;
  return value.length * 3 <= limits.idBytesMax || Buffer.byteLength(value) <= limits.idBytesMax;
}

/** A device's name: 1 to 256 bytes of clean text. */
export function isDeviceId(value: unknown): value is string {
  return isCleanText(value) && value !== '' && Buffer.byteLength(value) <= limits.deviceIdBytesMax;
}
