import type { Signals } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';

/** Secrets of native rules, as whoever signs with them has them. */
export interface NativeSecrets {
  make(): string;
  /** Whether a native rule can sign with it. */
  fits(secret: string): boolean;
}

/** What the management API needs of the rest. */
export interface AdminDeps extends Pick<
  HttpDeps,
  'storage' | 'loop' | 'ids' | 'secretBox' | 'callbackRequests' | 'callbackUrls' | 'settings'
> {
  /** Told when a delivery may go out, and when a redelivery begins. */
  readonly signals: Pick<Signals, 'announce'>;
  readonly nativeSecrets: NativeSecrets;
  /** One sentence that says why a rule cannot speak TLS with this PEM text, quoting none of it, or undefined. */
  readonly checkRuleTls: (tls: {
    readonly ca: string | null;
    readonly clientCertificate: string | null;
    readonly clientKey: string | null;
  }) => string | undefined;
}
