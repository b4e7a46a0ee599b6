import { endings } from './sessions/endings.js';
import type { EndingName } from './sessions/endings.js';

/** Totals since the start of the process. */
export interface MsyncCounts {
  framesIn: number;
  framesOut: number;
  noticesOut: number;
  itemsOut: number;
  logins: number;
  loginsRefused: number;
  /** Sockets that were not taken: an unknown path, or too many. */
  socketsRefused: number;
  /** Sockets that ended, by how. */
  readonly ended: Record<EndingName, number>;
}

export function zeroCounts(): MsyncCounts {
  const names = Object.keys(endings) as EndingName[];
  const ended = Object.fromEntries(names.map((name) => [name, 0])) as Record<EndingName, number>;
  return {
    framesIn: 0,
    framesOut: 0,
    noticesOut: 0,
    itemsOut: 0,
    logins: 0,
    loginsRefused: 0,
    socketsRefused: 0,
    ended,
  };
}
