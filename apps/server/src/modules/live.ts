import { createStreamSeats } from '@recalld/adapters-http';
import { createLiveUpdates } from '@recalld/domain';
import { ContainerModule } from 'inversify';
import { bindings as the } from '../bindings.js';
import { createLiveWorker } from '../liveWorker.js';

/** What those who are connected to this node hear from: the log, as it grows on any node. */
export const live = new ContainerModule(({ bind }) => {
  bind(the.liveUpdates).toResolvedValue(
    ({ log, chatReader }) => createLiveUpdates({ log, chats: chatReader }),
    [the.storage],
  );
  bind(the.liveWorker).toResolvedValue(
    (updates, signals, log) => createLiveWorker({ live: updates, signals, log }),
    [the.liveUpdates, the.signals, the.log],
  );
  bind(the.streams).toResolvedValue(({ connectionsMax }) => createStreamSeats(connectionsMax), [the.config]);
});
