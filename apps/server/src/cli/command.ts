import type { Env } from '../configValues.js';

/** Where a command writes: results on `out`, progress and complaints on `err`; whole lines. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Aborted when the person at it asks to stop. */
  readonly interrupted: AbortSignal;
}

/** One command of `recalld`, in a file of its own. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` shows. */
  readonly usage: string;
  /** Answers the exit code. @throws UsageError, ConfigError and faults. */
  run(args: readonly string[], env: Env, terminal: Terminal): Promise<number>;
}

/** As sysexits.h has them, where it has one. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** Somebody else's tool does it. */
  elsewhere: 2,
  /** Done, but for what nobody knows any more. */
  incomplete: 3,
  usage: 64,
  unavailable: 69,
  misconfigured: 78,
  interrupted: 130,
} as const;

/** A command line that makes no sense; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command line says. @throws UsageError for whatever `read` throws */
export function readLine<T>(read: () => T): T {
  try {
    return read();
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

/** Something that the command needs does not answer; the message is one line without secrets. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
