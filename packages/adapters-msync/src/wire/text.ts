import { limits } from '@recalld/domain';

const nul = '\u0000';

/** Text that every store can keep: well-formed, without NUL. */
function isCleanText(text: string): boolean {
  return text.isWellFormed() && !text.includes(nul);
}

/** An id of a user, a group or a room. */
export function isId(text: string | undefined): text is string {
  return text !== undefined && text !== '' && fits(text, limits.idBytesMax) && isCleanText(text);
}

/** A device's name. */
export function isDeviceId(text: string | undefined): text is string {
  return text !== undefined && text !== '' && fits(text, limits.deviceIdBytesMax) && isCleanText(text);
}

/** What a client tells of itself is cut to this many characters: it never fails a login. */
const labelCharsMax = 256;

export function labelOf(text: string | undefined): string | null {
  return text === undefined ? null : text.slice(0, labelCharsMax).replaceAll(nul, '').toWellFormed();
}

function fits(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax;
}
