import { accept } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { Event, Stamped } from '../kernel/event.js';
import type { AppNo, DeviceId, Instant, SessionId, UserId } from '../kernel/ids.js';

// The stream `sessions/{user}/{instant}`: what ended connections of a user's devices then. Event type
// names are the stored format: they never change.

/** `replaced`: the same device logged in again. `kicked`: by the app's word. */
export type SessionEnd = 'replaced' | 'kicked' | 'passwordChanged' | 'deactivated' | 'removed';

export type SessionsEnded = Event<
  'SessionsEnded',
  {
    readonly user: UserId;
    /** null: all of the user's devices. */
    readonly device: DeviceId | null;
    /** null: whichever the device had then. */
    readonly session: SessionId | null;
    readonly reason: SessionEnd;
  }
>;

/**
 * Ends connections of a user's devices, on whichever node they are. Sessions that begin later are not
 * meant; a replacement names the session that it takes the place of, for a third may have begun by now.
 */
export interface EndSessions {
  readonly type: 'EndSessions';
  readonly app: AppNo;
  readonly user: UserId;
  readonly device: DeviceId | null;
  readonly session: SessionId | null;
  readonly reason: SessionEnd;
  readonly by: UserId;
  readonly now: Instant;
}

/** What has been ended at the instant of the command. */
export type EndedSessions = readonly SessionsEnded['data'][];

export const noneEnded: EndedSessions = [];

export function evolveEndedSessions(state: EndedSessions, { data }: Stamped<SessionsEnded>): EndedSessions {
  return [...state, data];
}

/** Never refused. Asked for again later, it ends what has begun since: what is connected is no state of the log. */
export function endSessions(command: EndSessions, state: EndedSessions): Verdict<SessionsEnded, never> {
  const { user, device, session, reason, by, now } = command;
  if (state.some((data) => data.device === device && data.session === session && data.reason === reason)) {
    return accept();
  }
  return accept({
    type: 'SessionsEnded',
    data: { user, device, session, reason },
    occurredAt: now,
    actor: by,
  });
}
