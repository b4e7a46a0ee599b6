import type { Signals } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';

/** What the management API needs of the rest. */
export interface AdminDeps extends Pick<
  HttpDeps,
  'storage' | 'loop' | 'secretBox' | 'callbackRequests' | 'callbackUrls' | 'settings'
> {
  /** Told when a delivery is queued again. */
  readonly signals: Pick<Signals, 'announce'>;
}
