import { limits } from '@recalld/domain';
import type { Clock, EventLog, FeedCheckpoints, Instant, Log, Position } from '@recalld/domain';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBell } from '../timing/bell.js';
import { backoffMs, pause, within } from '../timing/pause.js';
import type { FeedLease } from './feedLease.js';
import type { FeedMessage, FeedName, FeedSource } from './feedMessages.js';
import type { StreamOptions } from './feedStreams.js';
import type { LinkConnection, NatsLink } from './link.js';
import { inFlightMax, oldestKept, openStream, StreamLost } from './streamWriter.js';
import type { FeedStand, StreamWriter } from './streamWriter.js';

export interface FeedRunnerDeps {
  readonly feed: FeedName;
  readonly source: FeedSource;
  readonly lease: Pick<FeedLease, 'state'>;
  readonly link: NatsLink;
  readonly eventLog: EventLog;
  readonly checkpoints: FeedCheckpoints;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: StreamOptions;
}

/** How far a feed is behind the log. A node that another one publishes for is behind in nothing. */
export interface FeedLag {
  /** Through where everything is on the broker; null when that is not known yet. */
  readonly position: Position | null;
  /** How long ago the feed was at the end of the log, ms: 0 while it is there. */
  readonly lagMs: number;
  /** False while it waits for the broker, or another node publishes. */
  readonly streaming: boolean;
  /** Why the broker did not take what was last tried, until it takes something again; null while all is well. */
  readonly trouble: string | null;
}

const publishedElsewhere: FeedLag = { position: null, lagMs: 0, streaming: false, trouble: null };

/** One feed: walks the log and publishes what it says of it, in order, for ever. */
export interface FeedRunner {
  start(): void;
  /** There may be something to do. */
  wake(): void;
  /** Resolves when the slice in hand is published, at the latest after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
  lag(): FeedLag;
}

/** Where a feed goes on: after a position, but not with the messages of the next event through this id. */
interface FeedPlace {
  readonly after: Position;
  readonly through: string | null;
}

/** Events of the log looked at in one go; a turn of the event loop is left to others between smaller parts. */
const sliceEvents = 500;
const eventsPerTurn = 16;

/** Between slices at the end of the log: what comes meanwhile goes out together. */
const gatherMs = 20;

/** Between slices on the way there: others want to be served too. */
const breathMs = 5;

/** How often a stream is looked at, at most; at the end of the log it is at every sweep. */
const checkIntervalMs = limits.sweepIntervalMs / 2;

/** Positions of the log without anything to publish are written down this rarely. */
const unwrittenMax = 10_000;

export function createFeedRunner(deps: FeedRunnerDeps): FeedRunner {
  const { feed, source, lease, link, eventLog, checkpoints, clock, log, options } = deps;
  const checkpointName = `nats-${feed}`;
  const bell = createBell();
  const halting = new AbortController();
  let stopping = false;
  let running: Promise<void> | undefined;
  let endHearing: () => void = () => undefined;
  let refill = false;
  let reached: Position | null = null;
  let written: Position = 0;
  let atEndSince: Instant | 'now' = clock.now();
  let streaming = false;
  let trouble: string | null = null;
  let toldAhead = false;

  async function run(): Promise<void> {
    for (let failures = 0; !stopping;) {
      const connection = isMine() ? link.current() : undefined;
      if (connection === undefined) {
        behind();
        await bell.wait(limits.sweepIntervalMs);
        continue;
      }
      try {
        await follow(connection, () => (failures = 0));
      } catch (err) {
        behind();
        if (!isMine()) continue;
        tell(err);
        failures += 1;
        await pause(backoffMs(failures) * (0.5 + Math.random()), halting.signal);
      }
    }
  }

  /** Publishes over one connection until it breaks. */
  async function follow(connection: LinkConnection, succeeded: () => void): Promise<void> {
    const stop = halting.signal;
    const writer = await openStream({ connection, feed, options, log, stop, mayPublish: isMine });
    try {
      await stream(writer, connection, succeeded);
    } catch (err) {
      refill ||= err instanceof StreamLost;
      if (refill) await rewindToFill(writer);
      throw err;
    }
  }

  async function stream(writer: StreamWriter, { lost }: LinkConnection, succeeded: () => void) {
    let { after, through } = await resume(writer);
    let checkedAt = performance.now();
    refill = false;
    while (!stopping && !lost.aborted && isMine()) {
      const slice = await eventLog.read({ after, limit: sliceEvents, types: source.types });
      const count = await publish(writer, slice.events, through);
      if (halting.signal.aborted || !isMine()) return;
      await keep(slice.through, count > 0 || through !== null);
      succeeded();
      fine();
      const looked = slice.through - after;
      after = slice.through;
      through = null;
      if (looked === 0) await idle();
      else if (looked < sliceEvents) await pause(gatherMs, halting.signal);
      else if (count > 0) await pause(breathMs, halting.signal);
      else await nextTurn();
      if (performance.now() - checkedAt < checkIntervalMs || stopping) continue;
      await writer.check();
      checkedAt = performance.now();
    }
  }

  /**
   * The older one of checkpoint and stream: what the broker has lost is published again, and so is what
   * was perhaps not acknowledged. A stream that has nothing gets everything that it would keep.
   *
   * A step back is written down before anything is published: of a slice some messages may be refused and
   * later ones stored, and then neither the stream's last message nor the old checkpoint knows of them.
   */
  async function resume(writer: StreamWriter): Promise<FeedPlace> {
    const checkpoint = await checkpoints.read(checkpointName);
    const stand = await writer.stand();
    await compare(stand);
    if (checkpoint === undefined || stand === undefined || refill) {
      return { after: await rewindToFill(writer), through: null };
    }
    const from = checkpoint < stand.position ? { after: checkpoint, through: null } : afterStand(stand);
    written = checkpoint;
    await keep(from.after, from.after < checkpoint);
    return from;
  }

  /** A log that has lost its end gives positions again; the stream has messages of what the log knows nothing of. */
  async function compare(stand: FeedStand | undefined): Promise<void> {
    if (stand === undefined || toldAhead) return;
    const end = await eventLog.before(Number.MAX_SAFE_INTEGER);
    if (stand.position <= end) return;
    toldAhead = true;
    const fields = { feed, streamPosition: stand.position, logPosition: end };
    log.error(fields, 'the stream is ahead of the log: was an older copy of the database restored?');
  }

  /** Sets the checkpoint back to before everything that the stream would keep. */
  async function rewindToFill(writer: StreamWriter): Promise<Position> {
    const checkpoint = await checkpoints.read(checkpointName);
    const oldest = await eventLog.before(oldestKept(clock, writer));
    const after = Math.min(checkpoint ?? oldest, oldest);
    await keep(after, true);
    return after;
  }

  async function publish(
    writer: StreamWriter,
    events: Awaited<ReturnType<EventLog['read']>>['events'],
    through: string | null,
  ): Promise<number> {
    let count = 0;
    let waiting: FeedMessage[] = [];
    for (const [index, event] of events.entries()) {
      const all = await source.messagesOf(event);
      // Only the first event looked at can be there in part, and only it has this message.
      const there = all.findIndex(({ id }) => id === through) + 1;
      for (const message of all.slice(there)) {
        waiting.push(message);
        count += 1;
        if (waiting.length === inFlightMax) {
          await writer.write(waiting);
          waiting = [];
        }
      }
      if (index % eventsPerTurn === eventsPerTurn - 1) await nextTurn();
    }
    if (waiting.length > 0) await writer.write(waiting);
    return count;
  }

  async function keep(through: Position, mustWrite: boolean): Promise<void> {
    reached = through;
    if (!mustWrite && through - written < unwrittenMax) return;
    await checkpoints.write(checkpointName, through);
    written = through;
  }

  async function idle(): Promise<void> {
    atEndSince = 'now';
    await bell.wait(limits.sweepIntervalMs);
    atEndSince = clock.now();
  }

  const isMine = () => lease.state() === 'mine';
  const isElsewhere = () => lease.state() === 'somebody';

  function behind(): void {
    streaming = false;
    if (!isElsewhere()) return;
    // What this node knows of the feed is old when its turn comes again.
    [refill, reached, trouble, atEndSince] = [false, null, null, clock.now()];
  }

  function fine(): void {
    streaming = true;
    if (trouble !== null) log.info({ feed }, 'the feed goes on');
    trouble = null;
  }

  function tell(err: unknown): void {
    const reason = err instanceof Error ? err.message : String(err);
    if (reason !== trouble && !stopping) log.warn({ feed, reason }, 'the feed is not published; trying on');
    trouble = reason;
  }

  return {
    start: () => {
      endHearing = link.onConnect(() => bell.ring());
      running ??= run();
    },
    wake: () => bell.ring(),
    stop: async (deadlineMs) => {
      stopping = true;
      endHearing();
      bell.ring();
      await within(deadlineMs, running ?? Promise.resolve());
      halting.abort();
    },
    lag: () => {
      if (isElsewhere()) return publishedElsewhere;
      const lagMs = atEndSince === 'now' ? 0 : Math.max(0, clock.now() - atEndSince);
      return { position: reached, lagMs, streaming, trouble };
    },
  };
}

function afterStand({ position, id }: FeedStand): FeedPlace {
  return id === null ? { after: position, through: null } : { after: position - 1, through: id };
}
