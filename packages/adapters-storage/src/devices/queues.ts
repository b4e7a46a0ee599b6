import type { DeviceQueues } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { createEventLog } from '../readers/eventLog.js';
import { createPage } from './page.js';
import { createPending } from './pending.js';
import { createSince } from './since.js';

/** Each answer is read on one state of the database. */
export function createDeviceQueues(reads: Reads): DeviceQueues {
  const { horizon } = createEventLog(reads);
  const pending = createPending(reads);
  const page = createPage(reads);
  const since = createSince(reads);
  return {
    pending: (key, limit) => reads.read(() => pending(key, limit)),
    page: (query) => reads.read(() => page(query)),
    async since(query) {
      // Before anything is read: what is committed in between stands behind it.
      const complete = await horizon();
      return reads.read(() => since(query, complete));
    },
  };
}
