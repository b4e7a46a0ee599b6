import type { App, DeviceId, Origin, SessionId, UserId } from '@recalld/domain';

/** Whose session it is that sends: one object for as long as the session lasts. */
export interface Caller {
  readonly app: App;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly session: SessionId;
  readonly origin: Origin;
}
