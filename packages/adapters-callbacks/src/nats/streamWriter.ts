import { headers as natsHeaders, millis, RetentionPolicy } from 'nats';
import type { JetStreamManager, JetStreamPublishOptions, MsgHdrs, PubAck, StreamInfo } from 'nats';
import type { Clock, Instant, Log, Position } from '@recalld/domain';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pause } from '../timing/pause.js';
import type { FeedMessage, FeedName } from './feedMessages.js';
import { ensureConsumer, ensureStream, feedStreams, orUndefined } from './feedStreams.js';
import type { StreamOptions } from './feedStreams.js';
import type { LinkConnection } from './link.js';

/**
 * Through where a stream has its feed: through the message `id` of the event at `position`, through
 * all of that event's when `id` is null.
 */
export interface FeedStand {
  readonly position: Position;
  readonly id: string | null;
}

export interface Written {
  readonly stored: number;
  /** Were there already. */
  readonly duplicates: number;
}

/** A feed's stream over one connection. */
export interface StreamWriter {
  /** How long the stream keeps a message, ms; Infinity when for ever. */
  readonly maxAgeMs: number;
  /** Undefined for a stream without messages of the feed. */
  stand(): Promise<FeedStand | undefined>;
  /**
   * Publishes in order, all at once, and resolves when each of them is in the stream. At most
   * {@link inFlightMax} messages. `redriven` is where the feed itself stands, for messages that are
   * published out of its turn.
   * @throws when one may not be there, {@link StreamLost} among others.
   */
  write(messages: readonly FeedMessage[], redriven?: FeedStand): Promise<Written>;
  /**
   * Looks whether the stream still has what it had.
   * @throws {@link StreamLost} when it has not, and when the stream is not there.
   */
  check(): Promise<void>;
}

export interface StreamWriterDeps {
  readonly connection: LinkConnection;
  readonly feed: FeedName;
  readonly options: StreamOptions;
  readonly log: Log;
  /** Aborted when whoever waits for the broker is to wait no longer. */
  readonly stop: AbortSignal;
  /** Asked before each part of a batch: false when it is somebody else's turn. Left out: nobody takes turns. */
  readonly mayPublish?: () => boolean;
}

/** What the stream held is gone: it counts from the beginning again, or somebody has emptied it. */
export class StreamLost extends Error {
  constructor(stream: string, how: 'was made anew' | 'was emptied') {
    super(`the stream ${stream} ${how}`);
  }
}

export const inFlightMax = 256;

const messagesPerTurn = 32;

const requestTimeoutMs = 5_000;

/** How far back the last message of the feed is looked for among those that somebody else published. */
const lookBackMax = 1_000;

const positionHeader = 'Recalld-Position';
const standHeader = 'Recalld-Feed-Stand';

/** @throws when the broker does not answer, or refuses the stream. */
export async function openStream(deps: StreamWriterDeps): Promise<StreamWriter> {
  const { connection, feed, options, log, stop, mayPublish = () => true } = deps;
  const { stream } = feedStreams[feed];
  const client = connection.nats.jetstream({ timeout: requestTimeoutMs });
  const manager = await connection.nats.jetstreamManager({ checkAPI: false, timeout: requestTimeoutMs });
  const opened = await interruptible(ensureStream(manager, feed, options), [connection.lost, stop]);
  const windowMs = millis(opened.config.duplicate_window);
  const withConsumer = new Set<number>();
  let lastSequence = opened.state.last_seq;
  // Of the last message that is there for certain; 0 for none.
  let heldSequence = opened.state.messages === 0 ? 0 : lastSequence;

  async function consumersOf(messages: readonly FeedMessage[]): Promise<void> {
    for (const { app } of messages) {
      if (withConsumer.has(app.no)) continue;
      await ensureConsumer(manager, feed, app);
      withConsumer.add(app.no);
    }
  }

  /** A turn of the event loop is left to others now and then; the broker answers meanwhile. */
  async function publish(messages: readonly FeedMessage[], redriven?: FeedStand): Promise<readonly PubAck[]> {
    const asked: Promise<PubAck | { readonly failure: unknown }>[] = [];
    for (const [index, message] of messages.entries()) {
      // A turn of the event loop may have taken as long as this process stood still.
      if (index % messagesPerTurn === 0 && !mayPublish()) throw new Error('another node publishes the feed');
      const options = publishOptions(message, redriven);
      const ack = client.publish(message.subject, message.body, options);
      asked.push(ack.catch((failure: unknown) => ({ failure })));
      if (asked.length % messagesPerTurn === 0) await nextTurn();
    }
    return (await Promise.all(asked)).map((answer) => {
      if ('failure' in answer) throw answer.failure;
      return answer;
    });
  }

  function count(acks: readonly PubAck[]): void {
    for (const { seq, duplicate } of acks) {
      if (duplicate) continue;
      if (seq <= lastSequence) throw new StreamLost(stream, 'was made anew');
      lastSequence = seq;
      heldSequence = seq;
    }
  }

  async function check(): Promise<void> {
    const info = await manager.streams.info(stream);
    if (info.state.last_seq < lastSequence) throw new StreamLost(stream, 'was made anew');
    if (heldSequence < info.state.first_seq && heldSequence > 0 && makesNoRoom(info)) {
      throw new StreamLost(stream, 'was emptied');
    }
  }

  async function writeAll(messages: readonly FeedMessage[], redriven?: FeedStand): Promise<Written> {
    await consumersOf(messages);
    let stored = 0;
    let left = messages;
    for (;;) {
      const acks = await publish(left, redriven);
      count(acks);
      stored += acks.filter(({ duplicate }) => !duplicate).length;
      const gone = await goneSequences(manager, stream, acks);
      left = left.filter((_, index) => gone.has(acks[index]?.seq ?? 0) && acks[index]?.duplicate === true);
      if (left.length === 0) return { stored, duplicates: messages.length - stored };
      // The broker still knows their ids, and has deleted the messages.
      log.info({ stream, messages: left.length }, 'waiting until the broker takes deleted messages again');
      await pause(Math.min(windowMs / 4, 5_000), stop);
    }
  }

  return {
    maxAgeMs: opened.config.max_age === 0 ? Infinity : millis(opened.config.max_age),
    stand: () => interruptible(lastStand(manager, stream), [connection.lost, stop]),
    write: (messages, redriven) => interruptible(writeAll(messages, redriven), [connection.lost, stop]),
    check: () => interruptible(check(), [connection.lost, stop]),
  };
}

/** Whether it is nothing but age that a message disappears of, as things are; an operator's stream may have other limits. */
function makesNoRoom({ config, state }: StreamInfo): boolean {
  if (config.retention !== RetentionPolicy.Limits) return false;
  if (config.max_msgs > 0 || config.max_msgs_per_subject > 0) return false;
  return config.max_bytes <= 0 || state.bytes < config.max_bytes / 2;
}

/** The instant of the oldest event that a stream would still keep if it were filled now. */
export function oldestKept(clock: Clock, writer: StreamWriter): Instant {
  return Math.max(0, clock.now() - writer.maxAgeMs);
}

function publishOptions(
  message: FeedMessage,
  redriven: FeedStand | undefined,
): Partial<JetStreamPublishOptions> {
  const headers = natsHeaders();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
  headers.set(positionHeader, String(message.position));
  if (redriven !== undefined) headers.set(standHeader, `${redriven.position} ${redriven.id ?? ''}`);
  return { msgID: message.id, headers, timeout: requestTimeoutMs };
}

/**
 * The sequences of acknowledged duplicates that are not in the stream any more: a broker remembers an
 * id for a while, also when the message was purged or deleted.
 */
async function goneSequences(
  manager: JetStreamManager,
  stream: string,
  acks: readonly PubAck[],
): Promise<ReadonlySet<number>> {
  const duplicates = acks.filter(({ duplicate }) => duplicate).map(({ seq }) => seq);
  if (duplicates.length === 0) return new Set();
  const { state }: StreamInfo = await manager.streams.info(stream, { deleted_details: true });
  const deleted = new Set(state.deleted);
  const isGone = (seq: number) => seq < state.first_seq || deleted.has(seq) || seq > state.last_seq;
  return new Set(duplicates.filter(isGone));
}

/** Reads the stream backwards to the last message that a feed has published. */
async function lastStand(manager: JetStreamManager, stream: string): Promise<FeedStand | undefined> {
  const { state } = await manager.streams.info(stream);
  if (state.messages === 0) return undefined;
  const first = Math.max(state.first_seq, state.last_seq - lookBackMax);
  for (let seq = state.last_seq; seq >= first; seq -= 1) {
    const message = await orUndefined(manager.streams.getMessage(stream, { seq }));
    const stand = message === undefined ? undefined : standOf(message.header);
    if (stand !== undefined) return stand;
  }
  return undefined;
}

/** Undefined for a message that no feed has published. */
function standOf(header: MsgHdrs | undefined): FeedStand | undefined {
  const redriven = header?.get(standHeader) ?? '';
  const [position = '', id = ''] =
    redriven === ''
      ? [header?.get(positionHeader) ?? '', header?.get('Nats-Msg-Id') ?? '']
      : [redriven.slice(0, redriven.indexOf(' ')), redriven.slice(redriven.indexOf(' ') + 1)];
  if (!/^[0-9]{1,16}$/.test(position)) return undefined;
  return { position: Number(position), id: id === '' ? null : id };
}

/** The work's outcome, unless one of the signals ends the waiting first; the work goes on unheard. */
async function interruptible<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Error('the connection to NATS broke'));
  });
  for (const signal of signals) {
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt);
  }
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', interrupt);
  }
}
