import { submitOne } from '@recalld/domain';
import type { DeviceId, SessionEnd, UserId } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Call } from '../route.js';
import { appOf } from '../route.js';

/** Ends the sessions of a user's devices, or of one of them, on whichever node they are. On disk when it resolves. */
export async function endSessions(
  deps: Pick<HttpDeps, 'loop' | 'clock'>,
  call: Call,
  ended: { readonly user: UserId; readonly device: DeviceId | null; readonly reason: SessionEnd },
): Promise<void> {
  const { no: app } = appOf(call);
  const rest = { session: null, by: 'admin', now: deps.clock.now() } as const;
  await submitOne<'EndSessions'>(deps.loop, { type: 'EndSessions', app, ...ended, ...rest });
}
