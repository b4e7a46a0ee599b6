import { assert } from '../kernel/assert.js';
import type { Clock } from '../ports/clock.js';
import type { ExpiredMessages } from '../ports/expiredMessages.js';
import type { CommandLoop } from './commandLoop.js';
import { countDone } from './countDone.js';
import { submitOne } from './submitOne.js';

export interface ExpireMessagesDeps {
  readonly expired: ExpiredMessages;
  readonly loop: CommandLoop;
  readonly clock: Clock;
}

/** Records the expiry of up to `limit` messages whose time ran out, which erases their bodies; answers how many. */
export async function expireMessages(deps: ExpireMessagesDeps, limit: number): Promise<number> {
  const now = deps.clock.now();
  const expired = await deps.expired.list(now, limit);
  // All at once: they share a commit.
  return countDone(expired, limit, async ({ app, msgId }) => {
    const outcome = await submitOne<'ExpireMessage'>(deps.loop, { type: 'ExpireMessage', app, msgId, now });
    assert(outcome.ok, `the expiry of message ${msgId} is accepted`);
  });
}
