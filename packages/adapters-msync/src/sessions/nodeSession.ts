import type { Instant, SessionId } from '@recalld/domain';
import type { EndingName } from './endings.js';
import type { Login } from './login.js';

/** A session, as its node knows it. */
export interface NodeSession {
  readonly id: SessionId;
  /** Frames that are being answered. */
  readonly inHand: number;
  /** As it was when the device logged in; undefined before. */
  readonly login: Login | undefined;
  isOpen(): boolean;
  /** The same device has begun another session while this one was about to begin. */
  supersede(): void;
  /** Looks at everything that has a time. */
  sweep(now: Instant): void;
  /** Takes no frames any more; those in hand are answered. */
  stop(): void;
  /** Ends it; nothing happens when it has ended already. */
  end(name: EndingName): void;
}
