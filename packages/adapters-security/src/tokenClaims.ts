import { assert, limits } from '@recalld/domain';
import type { App, TokenClaims } from '@recalld/domain';

/**
 * Claims as bytes, big-endian: version 1, kind 1, app no 6, epoch 6, issued 6, expires 6 (0: never),
 * then a user's id as UTF-8. Six bytes hold milliseconds until the year 10889.
 */
const version = 1;
const kinds = { app: 0, user: 1 } as const;
const at = { version: 0, kind: 1, app: 2, epoch: 8, issued: 14, expires: 20, user: 26 } as const;
const wide = 6;

/** @throws on an id or a time that no token can hold: such claims must never be asked for. */
export function claimsBytes(app: App, { subject, issuedAt, expiresAt }: TokenClaims): Buffer {
  const user = subject.kind === 'user' ? userBytes(subject.user) : Buffer.alloc(0);
  assert(expiresAt === null || expiresAt > 0, `a token expires after 1970, not at ${expiresAt}`);
  const bytes = Buffer.alloc(at.user + user.length);
  bytes.writeUInt8(version, at.version);
  bytes.writeUInt8(kinds[subject.kind], at.kind);
  bytes.writeUIntBE(app.no, at.app, wide);
  bytes.writeUIntBE(app.tokenEpoch, at.epoch, wide);
  bytes.writeUIntBE(issuedAt, at.issued, wide);
  bytes.writeUIntBE(expiresAt ?? 0, at.expires, wide);
  user.copy(bytes, at.user);
  return bytes;
}

/** The claims of a token whose signature was checked; undefined for another app, epoch or version. */
export function readClaims(app: App, bytes: Buffer): TokenClaims | undefined {
  if (bytes.length < at.user || bytes.readUInt8(at.version) !== version) return undefined;
  if (bytes.readUIntBE(at.app, wide) !== app.no) return undefined;
  if (bytes.readUIntBE(at.epoch, wide) !== app.tokenEpoch) return undefined;
  const subject = subjectOf(bytes);
  if (subject === undefined) return undefined;
  const expires = bytes.readUIntBE(at.expires, wide);
  const issuedAt = bytes.readUIntBE(at.issued, wide);
  return { subject, issuedAt, expiresAt: expires === 0 ? null : expires };
}

/** A kind that a later version of recalld may add is nobody here. */
function subjectOf(bytes: Buffer): TokenClaims['subject'] | undefined {
  switch (bytes.readUInt8(at.kind)) {
    case kinds.app:
      return { kind: 'app' };
    case kinds.user:
      return { kind: 'user', user: bytes.toString('utf8', at.user) };
    default:
      return undefined;
  }
}

function userBytes(user: string): Buffer {
  const bytes = Buffer.from(user, 'utf8');
  assert(
    bytes.length > 0 && bytes.length <= limits.idBytesMax && user.isWellFormed(),
    `a user's id in a token has 1 to ${limits.idBytesMax} bytes, not ${bytes.length}`,
  );
  return bytes;
}
