import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { Event } from '../kernel/event.js';
import type { AppNo, DeviceId, Instant, SessionId, UserId } from '../kernel/ids.js';

// The stream `sessions/{user}`: what ended connections of a user's devices. Event type names are the
// stored format: they never change.

/** `replaced`: the same device logged in again. `kicked`: by the app's word. */
export type SessionEnd = 'replaced' | 'kicked' | 'passwordChanged' | 'deactivated' | 'removed';

export type SessionsEnded = Event<
  'SessionsEnded',
  {
    readonly user: UserId;
    /** null: all of the user's devices. */
    readonly device: DeviceId | null;
    /** The session that goes on. */
    readonly spared: SessionId | null;
    readonly reason: SessionEnd;
  }
>;

/** Ends connections of a user's devices, on whichever node they are. Sessions that begin later are not meant. */
export interface EndSessions {
  readonly type: 'EndSessions';
  readonly app: AppNo;
  readonly user: UserId;
  readonly device: DeviceId | null;
  readonly spared: SessionId | null;
  readonly reason: SessionEnd;
  readonly by: UserId;
  readonly now: Instant;
}

export function endSessions(command: EndSessions): Verdict<SessionsEnded, never> {
  const { user, device, spared, reason, by, now } = command;
  return accept({
    type: 'SessionsEnded',
    data: { user, device, spared, reason },
    occurredAt: now,
    actor: by,
  });
}
