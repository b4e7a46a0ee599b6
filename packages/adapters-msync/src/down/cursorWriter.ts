import type { CursorMove, DeviceKey, Devices, TimelineCursor, TimelineId } from '@recalld/domain';
import type { FaultLog } from '../faultLog.js';
import type { MsyncLimits } from '../limits.js';
import { createWriteBehind } from '../writeBehind.js';

/**
 * Writes how far devices have come, for all sessions of this node together. What a crash loses of it
 * arrives once more: delivery is at least once.
 */
export interface CursorWriter {
  confirm(move: CursorMove): void;
  /** How far a device has come, when that is not written yet. */
  unwritten(key: DeviceKey, timeline: TimelineId): TimelineCursor | undefined;
  /** Writes what was confirmed so far; answers whether that could be done. Never rejects. */
  flush(): Promise<boolean>;
  /** Writes nothing by itself any more. */
  stop(): void;
}

export function createCursorWriter(
  devices: Pick<Devices, 'confirm'>,
  limits: MsyncLimits,
  faults: FaultLog,
): CursorWriter {
  const moves = createWriteBehind<CursorMove>({
    write: (batch) => devices.confirm(batch),
    gatherMs: limits.writeGatherMs,
    againMs: limits.writeAgainMs,
    waitingMax: limits.writesWaitingMax,
    batchMax: limits.writeRowsMax,
    onFault: (fault) => faults.tell(fault, 'how far devices have come could not be written; trying on'),
  });
  return {
    confirm(move) {
      moves.put(nameOf(move, move.timeline), move);
    },
    unwritten: (key, timeline) => moves.get(nameOf(key, timeline))?.through,
    flush: () => moves.flush(),
    stop: () => moves.stop(),
  };
}

function nameOf({ app, user, device }: DeviceKey, timeline: TimelineId): string {
  return JSON.stringify([app, user, device, timeline]);
}
