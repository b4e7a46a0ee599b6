import type { Instant, LaterEvent, LaterEvents, Position } from '@recalld/domain';
import { DeliverPolicy, millis } from 'nats';
import type { Consumer, JetStreamManager, JsMsg, MsgHdrs, StoredMsg, StreamInfo } from 'nats';
import { feedStreams, orUndefined } from './feedStreams.js';
import { laterEventIn } from './laterEnvelopes.js';
import type { LinkConnection } from './link.js';

/** What the stream of events still knows of the log that it is a copy of. */
export interface EventStream extends LaterEvents {
  /** The highest position that is known to have been given out; 0 when the stream has none. */
  readonly lastPosition: Position;
  /** When the oldest and the newest of its events happened; null when it has none. */
  readonly from: Instant | null;
  readonly to: Instant | null;
  /** Whether it has every event after a position, whose own event happened at an instant. */
  reachesBackTo(position: Position, at: Instant): boolean;
}

const { stream, subject } = feedStreams.events;
const requestTimeoutMs = 5_000;
const fetchMessages = 1_000;
/** How many messages at each end may have been published out of their turn. */
const lookedAtMax = 1_000;

/** Undefined when the broker has no such stream. @throws when it does not answer. */
export async function openEventStream({ nats }: LinkConnection): Promise<EventStream | undefined> {
  const manager = await nats.jetstreamManager({ checkAPI: false, timeout: requestTimeoutMs });
  const info = await orUndefined(manager.streams.info(stream));
  if (info === undefined) return undefined;
  const first = await endOf(manager, info, 'first');
  const last = await endOf(manager, info, 'last');
  return {
    lastPosition: last?.position ?? 0,
    from: first?.at ?? null,
    to: last?.at ?? null,
    reachesBackTo(position, at) {
      if (first !== undefined && first.position <= position) return true;
      // None was dropped: it has what there was when it was made, as far back as it keeps messages.
      const { max_age: maxAge } = info.config;
      const madeFrom = Date.parse(info.created) - (maxAge === 0 ? Infinity : millis(maxAge));
      return info.state.first_seq <= 1 && madeFrom <= at;
    },
    async *after(position) {
      const client = nats.jetstream({ timeout: requestTimeoutMs });
      let next = info.state.first_seq;
      while (next <= info.state.last_seq && info.state.messages > 0) {
        const consumer = await client.consumers.get(stream, {
          filterSubjects: subject,
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: next,
        });
        const { events, through } = await fetched(consumer, info.state.last_seq);
        yield events.filter((event) => event.position > position);
        next = through + 1;
      }
    },
  };
}

/** One batch of the stream: what takes something back, and through which message it was looked at. */
async function fetched(
  consumer: Consumer,
  lastSequence: number,
): Promise<{ readonly events: readonly LaterEvent[]; readonly through: number }> {
  const events: LaterEvent[] = [];
  let through = 0;
  const messages = await consumer.fetch({ max_messages: fetchMessages, expires: requestTimeoutMs });
  for await (const message of messages) {
    through = message.seq;
    const event = eventIn(message);
    if (event !== undefined) events.push(event);
    if (through >= lastSequence || message.info.pending === 0) {
      through = Math.max(through, lastSequence);
      break;
    }
  }
  if (through === 0) throw new Error(`the stream ${stream} was not read to its end`);
  return { events, through };
}

function eventIn(message: JsMsg): LaterEvent | undefined {
  const position = positionIn(message.headers);
  return position === undefined ? undefined : laterEventIn(message.string(), position);
}

interface StreamEnd {
  readonly position: Position;
  readonly at: Instant;
}

/** The first or last message that the feed published in its turn. */
async function endOf(
  manager: JetStreamManager,
  { state }: StreamInfo,
  end: 'first' | 'last',
): Promise<StreamEnd | undefined> {
  if (state.messages === 0) return undefined;
  const step = end === 'first' ? 1 : -1;
  let seq = end === 'first' ? state.first_seq : state.last_seq;
  for (let looked = 0; looked < lookedAtMax; looked += 1, seq += step) {
    if (seq < state.first_seq || seq > state.last_seq) return undefined;
    const message = await orUndefined(manager.streams.getMessage(stream, { seq }));
    const found = message === undefined ? undefined : endIn(message);
    if (found !== undefined) return found;
  }
  return undefined;
}

function endIn(message: StoredMsg): StreamEnd | undefined {
  if (message.header.get('Recalld-Feed-Stand') !== '') return undefined;
  const position = positionIn(message.header);
  return position === undefined ? undefined : { position, at: message.time.getTime() };
}

function positionIn(header: MsgHdrs | undefined): Position | undefined {
  const text = header?.get('Recalld-Position') ?? '';
  return /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined;
}
