import type {
  App,
  Clock,
  DeviceKey,
  DeviceQueues,
  Position,
  TimelineCursor,
  TimelineId,
} from '@recalld/domain';
import type { MsyncLimits } from '../limits.js';
import type { EncodedItems } from './encodedItems.js';

/** A connected device, as its queues know it. */
export interface ConnectedDevice {
  readonly app: App;
  readonly key: DeviceKey;
  /** Where the log stood when it connected. */
  readonly connectedAt: Position;
}

/** A stretch of a queue, ready to be sent. */
export interface EncodedPage {
  readonly metas: readonly Uint8Array[];
  readonly next: TimelineCursor;
  readonly more: boolean;
}

/** Reads a stretch of a queue after a cursor, or after the device's stored one. @throws what the store throws. */
export type ReadPage = (
  device: ConnectedDevice,
  timeline: TimelineId,
  after: TimelineCursor | undefined,
) => Promise<EncodedPage>;

export function createReadPage(
  queues: Pick<DeviceQueues, 'page'>,
  encoded: EncodedItems,
  clock: Clock,
  limits: MsyncLimits,
): ReadPage {
  return async ({ app, key, connectedAt }, timeline, after) => {
    let limit = limits.pageItemsMax;
    for (;;) {
      const place = after === undefined ? { timeline } : { timeline, after };
      const page = await queues.page({ key, ...place, connectedAt, limit, now: clock.now() });
      const metas = await encoded.of(app, page.items);
      const fitting = countWithin(metas, limits.pageBytesMax);
      if (fitting === metas.length || limit === 1) {
        const { next, more } = page;
        return { metas: metas.filter((meta) => meta !== undefined), next, more };
      }
      // A cursor is only known where a page ends: a shorter one is read.
      limit = Math.max(1, fitting);
    }
  };
}

/** How many from the first on have at most so many bytes together. */
function countWithin(metas: readonly (Uint8Array | undefined)[], bytesMax: number): number {
  let bytes = 0;
  const over = metas.findIndex((meta) => (bytes += meta?.length ?? 0) > bytesMax);
  return over === -1 ? metas.length : over;
}
