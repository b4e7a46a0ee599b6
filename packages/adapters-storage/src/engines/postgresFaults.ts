import { Unavailable } from '@recalld/domain';
import pg from 'pg';
import type { Conflict } from './database.js';

/** The connection was lost while a transaction was being committed: it may stand, or it may not. */
export class OutcomeUnknown extends Unavailable {
  readonly committing = true;
}

/** What the server answered to a query, without what its own words quote: values of rows. */
export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault';
  readonly code: string;
  readonly constraint: string | undefined;
  readonly table: string | undefined;

  constructor(fault: pg.DatabaseError) {
    const { code = '', constraint, table, message } = fault;
    super(namingClasses.test(code) ? message : `the database answered ${code}`);
    this.code = code;
    this.constraint = constraint;
    this.table = table;
  }
}

/** Classes whose messages name tables, keys and settings; others quote what they choke on. */
const namingClasses = /^(08|23|25|28|3D|3F|40|42|53|55|57|58)/;

/** A fault of the server as it may be logged; any other as it is. */
export function withoutValues(fault: unknown): unknown {
  return fault instanceof pg.DatabaseError ? new DatabaseFault(fault) : fault;
}

/** What a query's fault is to whoever asked: `Unavailable`, or what the server answered. */
export function faultOf(fault: unknown): unknown {
  const told = withoutValues(fault);
  if (!isAway(fault)) return told;
  return new Unavailable(`the database did not answer: ${describeFault(told)}`, { cause: told });
}

/**
 * Classes and codes of a server that ends, starts, has no room, cannot reach its files, or has become a
 * standby: no other query would fare better.
 */
const awayCodes = /^(08...|57P0[1-5]|53...|58...|XX000|25006|25P0[34]|57014)$/;

/** Whether the server is away: everything that is no answer of its own to the query. */
function isAway(fault: unknown): boolean {
  const code = codeOf(fault);
  if (code !== undefined) return awayCodes.test(code);
  return (
    fault instanceof Error &&
    (hasSocketCode(fault) || /connection|timeout|not queryable/i.test(fault.message))
  );
}

function codeOf(fault: unknown): string | undefined {
  return fault instanceof pg.DatabaseError || fault instanceof DatabaseFault ? (fault.code ?? '') : undefined;
}

function hasSocketCode(fault: Error): boolean {
  return 'code' in fault && typeof fault.code === 'string' && /^E[A-Z]+$/.test(fault.code);
}

/** Whether a transaction lost against another one and would do better the next time. */
export function isRace(fault: unknown): boolean {
  return ['40001', '40P01', lockTimeout].includes(codeOf(fault) ?? '');
}

const lockTimeout = '55P03';

/** Whether somebody else held a lock for too long. */
export function isLockTimeout(fault: unknown): boolean {
  return codeOf(fault) === lockTimeout;
}

/** The unique key that a row was refused by; undefined for any other fault. */
export function uniqueKeyOf(fault: unknown): string | undefined {
  return fault instanceof DatabaseFault && fault.code === '23505' ? (fault.constraint ?? '') : undefined;
}

/** A partition's key has a name of its own, made of the partition's and the columns'. */
const streamKey = /^events_.*(stream|version)/;

export function conflictOf(fault: unknown): Conflict | undefined {
  if (fault instanceof OutcomeUnknown) return 'unknown';
  return isRace(fault) || streamKey.test(uniqueKeyOf(fault) ?? '') ? 'moved' : undefined;
}

/** One line for a log: the server's own words may quote values, its codes do not. */
export function describeFault(fault: unknown): string {
  if (fault instanceof Error && 'code' in fault && typeof fault.code === 'string') return fault.code;
  return fault instanceof Error ? fault.message : 'unknown';
}
