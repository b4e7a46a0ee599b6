import os from 'node:os';
import { createCallbackRequests } from '@recalld/adapters-callbacks';
import type { CallbackRequests, Clock, SecretBox, StoragePorts } from '@recalld/domain';

/** Renders callbacks out of a store. */
export function createRequests(
  box: SecretBox,
  { timelines }: Pick<StoragePorts, 'timelines'>,
  clock: Clock,
): CallbackRequests {
  return createCallbackRequests({
    box,
    clock,
    hostName: os.hostname(),
    unread: (app, user, now) => timelines.unreadOneToOne(app, user, now),
  });
}
