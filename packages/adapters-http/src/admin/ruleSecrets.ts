import { randomBytes } from 'node:crypto';
import { limits } from '@recalld/domain';
import type { CallbackRule, Dialect, Instant, SecretBox } from '@recalld/domain';
import type { AdminDeps, NativeSecrets } from './deps.js';

/** Only Tencent's format has a place for callbacks that are not signed. */
export function alwaysSigns(dialect: Dialect): boolean {
  return dialect !== 'tencent';
}

export function newSecret(native: NativeSecrets, dialect: Dialect): string {
  return dialect === 'native' ? native.make() : randomBytes(24).toString('base64url');
}

/** Says why a dialect cannot sign with a secret, or undefined. */
export function wrongSecret(
  native: NativeSecrets,
  dialect: Dialect,
  secret: string | null,
): string | undefined {
  if (secret === null) {
    return alwaysSigns(dialect) ? `Send a secret: a rule of the ${dialect} dialect always signs.` : undefined;
  }
  if (dialect !== 'native' || native.fits(secret)) return undefined;
  return 'Send a secret that is whsec_ and the base64 of 24 to 64 bytes: a native rule needs one.';
}

/** Says why a rule cannot keep its secret in another dialect, or undefined. */
export function wrongKeptSecret(
  { secretBox, nativeSecrets }: Pick<AdminDeps, 'secretBox' | 'nativeSecrets'>,
  current: CallbackRule,
  dialect: Dialect,
): string | undefined {
  if (dialect === current.dialect) return undefined;
  if (current.sealedSecret === null) return wrongSecret(nativeSecrets, dialect, null);
  if (dialect !== 'native') return undefined;
  try {
    return wrongSecret(nativeSecrets, dialect, secretBox.open(current.sealedSecret));
  } catch {
    return 'Send a secret with the dialect: the one that the rule has cannot be read any more.';
  }
}

/** Says why a rule's last secret cannot stay valid for a while, or undefined. */
export function wrongOverlap(dialect: Dialect, overlapSeconds: number | undefined): string | undefined {
  return overlapSeconds === undefined || dialect === 'native'
    ? undefined
    : 'Leave out the overlap: only a native rule signs with two secrets.';
}

/** What a new secret changes of a rule. A native one goes on signing with its last one for a while. */
export function secretChange(q: {
  readonly secretBox: SecretBox;
  readonly current: CallbackRule;
  readonly dialect: Dialect;
  readonly secret: string | null;
  readonly overlapSeconds: number | undefined;
  readonly now: Instant;
}): Pick<CallbackRule, 'sealedSecret' | 'previousSecret'> {
  const { secretBox, current, dialect, secret, now } = q;
  const overlapMs = (q.overlapSeconds ?? limits.secretOverlapSecondsDefault) * 1000;
  const last = dialect === 'native' && current.dialect === 'native' ? current.sealedSecret : null;
  return {
    sealedSecret: secret === null ? null : secretBox.seal(secret),
    previousSecret: last === null || overlapMs === 0 ? null : { sealed: last, until: now + overlapMs },
  };
}
