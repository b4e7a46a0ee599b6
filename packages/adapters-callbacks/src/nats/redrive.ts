import type { EventLog, Instant, Position } from '@recalld/domain';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { backoffMs, pause } from '../timing/pause.js';
import { createFeedSources } from './feedMessages.js';
import type { FeedMessage, FeedName, FeedSource } from './feedMessages.js';
import type { FeedDeps } from './feedPublisher.js';
import type { LinkConnection, NatsLink } from './link.js';
import { inFlightMax, oldestKept, openStream } from './streamWriter.js';
import type { FeedStand, StreamWriter, Written } from './streamWriter.js';

export interface RedriveRange {
  /** The first position of the log that is published again. */
  readonly from: Position;
  /** The last one. */
  readonly through: Position;
  readonly feeds: readonly FeedName[];
  readonly onProgress?: (progress: RedriveProgress) => void;
  /** Aborted to end it early. */
  readonly stop?: AbortSignal;
  /** How long the broker may be away, ms: ten seconds when left out. */
  readonly awayMsMax?: number;
}

export interface RedriveProgress extends RedriveResult {
  readonly feed: FeedName;
  /** Through where the feed is published. */
  readonly position: Position;
}

export interface RedriveResult {
  /** Messages that the streams have now and did not have before. */
  readonly published: number;
  /** Those that the broker recognised as there already. */
  readonly duplicates: number;
}

const sliceEvents = 100;
const triesMax = 10;
const awayMsMaxDefault = 10_000;

/**
 * Publishes a range of the log again, under the same ids. What is in a stream and was published within
 * its duplicate window is not doubled; what was published earlier is there twice then, under one id.
 * What was deleted from the stream within the window is waited for until the broker takes it again.
 * @throws when the broker is away or refuses for long, or when the range's `stop` is aborted.
 */
export async function redrive(deps: FeedDeps, range: RedriveRange): Promise<RedriveResult> {
  const sources = createFeedSources(deps);
  let total: RedriveResult = { published: 0, duplicates: 0 };
  for (const feed of range.feeds) {
    const progressed = (position: Position, { stored, duplicates }: Written) => {
      total = { published: total.published + stored, duplicates: total.duplicates + duplicates };
      range.onProgress?.({ feed, position, ...total });
    };
    await redriveFeed(deps, range, feed, sources[feed], progressed);
  }
  return total;
}

/** One feed of the range, however often the broker goes away meanwhile. */
async function redriveFeed(
  deps: FeedDeps,
  range: RedriveRange,
  feed: FeedName,
  source: FeedSource,
  progressed: (position: Position, written: Written) => void,
): Promise<void> {
  const { stop = new AbortController().signal, awayMsMax = awayMsMaxDefault } = range;
  let after = range.from - 1;
  let failures = 0;
  let writer: StreamWriter | undefined;
  while (after < range.through) {
    const connection = await connected(deps.link, stop, awayMsMax);
    try {
      writer ??= await openWriter(deps, feed, connection, stop);
      const slice = await readSlice(deps.eventLog, after, range.through, source);
      const written = await publishAgain(deps, writer, slice.messages);
      after = slice.through;
      failures = 0;
      progressed(after, written);
    } catch (err) {
      failures += 1;
      if (stop.aborted || failures >= triesMax) throw err;
      deps.log.warn({ feed, reason: String(err) }, 'publishing again failed; trying on');
      writer = undefined;
      await pause(backoffMs(failures), stop);
    }
  }
}

function openWriter(
  deps: FeedDeps,
  feed: FeedName,
  connection: LinkConnection,
  stop: AbortSignal,
): Promise<StreamWriter> {
  return openStream({ connection, feed, options: deps.streams ?? {}, log: deps.log, stop });
}

/** @throws when there is no connection for too long, or the waiting is ended. */
async function connected(link: NatsLink, stop: AbortSignal, awayMsMax: number): Promise<LinkConnection> {
  const connection = await link.whenConnected(awayMsMax, stop);
  stop.throwIfAborted();
  if (connection === undefined) throw new Error('the NATS broker cannot be reached');
  return connection;
}

async function readSlice(eventLog: EventLog, after: Position, last: Position, source: FeedSource) {
  const { events, through } = await eventLog.read({ after, limit: sliceEvents, types: source.types });
  const messages: FeedMessage[] = [];
  for (const event of events) {
    if (event.position <= last) messages.push(...(await source.messagesOf(event)));
  }
  // The log ends before the range does: there is no more to publish.
  return { messages, through: through === after ? last : Math.min(through, last) };
}

async function publishAgain(
  { eventLog, clock }: FeedDeps,
  writer: StreamWriter,
  messages: readonly FeedMessage[],
): Promise<Written> {
  let sum: Written = { stored: 0, duplicates: 0 };
  for (let start = 0; start < messages.length; start += inFlightMax) {
    const stand = (await writer.stand()) ?? (await standOfEmpty(eventLog, oldestKept(clock, writer)));
    const { stored, duplicates } = await writer.write(messages.slice(start, start + inFlightMax), stand);
    sum = { stored: sum.stored + stored, duplicates: sum.duplicates + duplicates };
    await nextTurn();
  }
  return sum;
}

/** The feed itself has yet to fill the stream: what is published out of turn must not hide that from it. */
async function standOfEmpty(eventLog: EventLog, oldest: Instant): Promise<FeedStand> {
  return { position: await eventLog.before(oldest), id: null };
}
