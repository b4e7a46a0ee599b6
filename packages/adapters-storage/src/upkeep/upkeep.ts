import type { Clock, Log } from '@recalld/domain';
import { dropContent, nothingSeen } from './dropContent.js';
import { dropLog } from './dropLog.js';
import { makePartitions } from './makePartitions.js';
import { removeDrafts } from './removeDrafts.js';
import { removeUnclaimed } from './removeUnclaimed.js';
import { rewriteAfterMs, rewriteErased } from './rewriteErased.js';
import { onSession } from './session.js';
import type { Session } from './session.js';

export interface UpkeepOptions {
  /** `postgres://…`; holds credentials, never logged. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log | undefined;
  /** How long messages are kept, ms; null: for ever. */
  readonly messageRetentionMs: number | null;
  /** How long the log keeps what happened to messages, ms; null: for ever. */
  readonly logRetentionMs: number | null;
}

/** Work that one node at a time does, now and then. */
export interface Upkeep {
  readonly name: string;
  readonly intervalMs: number;
  /** Answers whether there is more to do now. @throws Unavailable */
  run(): Promise<boolean>;
}

export interface UpkeepWork {
  readonly chores: readonly Upkeep[];
  /** What must be there before the first write of a node; nodes may ask for it at the same time. */
  ensurePartitions(): Promise<void>;
  /** Resolves when nothing that was erased so far is left in the tables' files. */
  rewriteErased(): Promise<void>;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** A lease is prolonged between two runs. */
const runMaxMs = 10_000;

/** What a PostgreSQL database needs beside reads and writes. One run at a time has a connection, of its own. */
export function createUpkeep(options: UpkeepOptions): UpkeepWork {
  const { url, clock, log, messageRetentionMs, logRetentionMs } = options;
  const seen = nothingSeen();
  const inTurn = createTurns();
  const alone = <T>(work: (session: Session) => Promise<T>) => inTurn(() => onSession(url, work));
  const chore = (name: string, intervalMs: number, run: (session: Session) => Promise<boolean>): Upkeep => ({
    name,
    intervalMs,
    run: () => alone(run),
  });
  return {
    chores: [
      chore('make partitions', hourMs, async (session) => {
        await makePartitions(session, options);
        return false;
      }),
      chore(
        'rewrite erased keys',
        minuteMs,
        async (session) => (await rewriteErased(session, log, rewriteAfterMs, within(runMaxMs))) === 'more',
      ),
      chore('drop expired content', hourMs, (session) =>
        dropContent(session, { clock, log, messageRetentionMs, seen, goOn: within(runMaxMs) }),
      ),
      chore('remove broken uploads', hourMs, removeDrafts),
      chore('remove unclaimed uploads', hourMs, removeUnclaimed),
      ...(logRetentionMs === null
        ? []
        : [
            chore('drop the old log', hourMs, (session) =>
              dropLog(session, { clock, log, logRetentionMs, goOn: within(runMaxMs) }),
            ),
          ]),
    ],
    ensurePartitions: () => alone((session) => makePartitions(session, options)),
    rewriteErased: () =>
      alone(async (session) => {
        while ((await rewriteErased(session, log, 0)) !== 'all');
      }),
  };
}

/** One piece of work after the other: a node needs no more than one connection for all of it. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

function within(ms: number): () => boolean {
  const until = performance.now() + ms;
  return () => performance.now() < until;
}
