import { Unavailable } from '@recalld/domain';
import pg from 'pg';
import type { Conflict } from './database.js';

/** The connection was lost while a transaction was being committed: it may stand, or it may not. */
export class OutcomeUnknown extends Unavailable {
  readonly committing = true;
}

/** Classes and codes of a server that ends, starts, or has no room: of the connection, not of the query. */
const awayCodes = /^(08...|57P0[1-5]|53300|25P0[34]|57014)$/;

/** Whether the server is away: everything that is no answer of its own to the query. */
export function isAway(fault: unknown): boolean {
  if (fault instanceof pg.DatabaseError) return awayCodes.test(fault.code ?? '');
  return (
    fault instanceof Error &&
    (hasSocketCode(fault) || /connection|timeout|not queryable/i.test(fault.message))
  );
}

function hasSocketCode(fault: Error): boolean {
  return 'code' in fault && typeof fault.code === 'string' && /^E[A-Z]+$/.test(fault.code);
}

/** Whether a transaction lost against another one and would do better the next time. */
export function isRace(fault: unknown): boolean {
  return fault instanceof pg.DatabaseError && ['40001', '40P01', '55P03'].includes(fault.code ?? '');
}

/** The unique key that a row was refused by; undefined for any other fault. */
export function uniqueKeyOf(fault: unknown): string | undefined {
  return fault instanceof pg.DatabaseError && fault.code === '23505' ? (fault.constraint ?? '') : undefined;
}

/** A partition's key has a name of its own, made of the partition's and the columns'. */
const streamKey = /^events_.*(stream|version)/;

export function conflictOf(fault: unknown): Conflict | undefined {
  if (fault instanceof OutcomeUnknown) return 'unknown';
  return isRace(fault) || streamKey.test(uniqueKeyOf(fault) ?? '') ? 'moved' : undefined;
}

/** One line for a log: the server's own words may quote values, its codes do not. */
export function describeFault(fault: unknown): string {
  if (fault instanceof pg.DatabaseError) return `${fault.severity ?? 'ERROR'} ${fault.code ?? ''}`.trim();
  if (fault instanceof Error && 'code' in fault && typeof fault.code === 'string') return fault.code;
  return fault instanceof Error ? fault.message : 'unknown';
}
