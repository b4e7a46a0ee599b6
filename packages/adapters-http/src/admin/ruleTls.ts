import type { RuleTls } from '@recalld/domain';
import { bad, good } from './checked.js';
import type { Checked } from './checked.js';
import type { AdminDeps } from './deps.js';

/** A rule's `tls` that fits its schema. */
export interface TlsBody {
  readonly ca?: string | null;
  readonly client_certificate?: string | null;
  readonly client_key?: string | null;
}

/**
 * What a rule asks of TLS. `current` is what it asked before: a certificate that stays as it is keeps
 * its key, which nobody can read back to send it again.
 */
export function readTls(
  { checkRuleTls, secretBox }: Pick<AdminDeps, 'checkRuleTls' | 'secretBox'>,
  asked: TlsBody | null,
  current: RuleTls | null,
): Checked<RuleTls | null> {
  const { ca = null, client_certificate: certificate = null, client_key: key = null } = asked ?? {};
  const same = key === null ? sameClient(current, certificate) : null;
  const clientCertificate = same === null ? certificate : null;
  const why = checkRuleTls({ ca, clientCertificate, clientKey: key })?.replace(/\.$/, '');
  if (why !== undefined) return bad(`Correct tls: ${why}.`);
  const made = certificate === null || key === null ? null : { certificate, sealedKey: secretBox.seal(key) };
  const client = same ?? made;
  return good(ca === null && client === null ? null : { ca, client });
}

function sameClient(current: RuleTls | null, certificate: string | null): RuleTls['client'] {
  const client = current?.client ?? null;
  return client?.certificate === certificate ? client : null;
}

/** Says why a rule of this URL cannot have this TLS, or undefined. */
export function wrongTls(tls: RuleTls | null, url: string): string | undefined {
  return tls === null || url.toLowerCase().startsWith('https:')
    ? undefined
    : 'Use an https url, or send tls as null: only https speaks TLS.';
}
