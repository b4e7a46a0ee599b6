import { messageStream, streamDay } from '@recalld/domain';
import type { AppNo, RecordedEvent, StreamId, Unit } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { eventColumns, fromTuple } from '../eventRows.js';
import type { EventTuple } from '../eventRows.js';
import { each, together } from '../steps.js';
import type { Each, Steps } from '../steps.js';
import { isLongStream, selectLongStream } from './longStreams.js';

type Sent = Extract<RecordedEvent, { readonly type: 'MessageSent' }>;

export interface StreamKey {
  readonly app: AppNo;
  readonly stream: StreamId;
}

/** A stream as a batch knows it. */
export interface KnownStream {
  readonly day: number;
  /** Unless somebody appended since it was read: the unique key finds that out. */
  readonly version: number;
  /** The event that sent the message; undefined for one that the server never had. */
  readonly sent: Sent | undefined;
}

/** Streams by app and name. */
export class StreamMap {
  readonly #apps = new Map<AppNo, Map<StreamId, KnownStream>>();

  get({ app, stream }: StreamKey): KnownStream | undefined {
    return this.#apps.get(app)?.get(stream);
  }

  set({ app, stream }: StreamKey, known: KnownStream): void {
    const streams = this.#apps.get(app);
    if (streams === undefined) this.#apps.set(app, new Map([[stream, known]]));
    else streams.set(stream, known);
  }
}

/** What streams are asked for by: most as a whole, long ones as far as they tell something. */
type Asked = readonly [whole: Each, long: Each];

/**
 * Reads streams, and remembers what the last `load` read until the commit that follows it: that needs
 * again where a recalled message and its body stand, and its attachments. What it does not find there
 * it reads.
 */
export class Streams {
  readonly #eventsOf;
  readonly #longOf;
  #loaded = new StreamMap();

  constructor(reads: Reads) {
    const { db, statements } = reads;
    this.#longOf = selectLongStream(reads);
    this.#eventsOf = statements.select<StreamKey & { readonly day: number }>(
      { app: 'whole', stream: 'text', day: 'whole' },
      true,
    )((key) =>
      db
        .selectFrom('events')
        .select(eventColumns)
        .where('stream_day', '=', key.day)
        .where('app_no', '=', key.app)
        .where('stream', '=', key.stream)
        .orderBy('version'),
    );
  }

  /** Asks for the events of some streams; of long ones for what `selectLongStream` says. */
  ask(keys: readonly StreamKey[]): Asked {
    const whole = keys.filter(({ stream }) => !isLongStream(stream));
    return [
      each(
        this.#eventsOf,
        whole.map(({ app, stream }) => ({ app, stream, day: streamDay(stream) })),
      ),
      each(
        this.#longOf,
        keys.filter(({ stream }) => isLongStream(stream)),
      ),
    ];
  }

  /** The answers to `ask`, in order of versions. */
  read(...answers: readonly (readonly unknown[])[]): readonly RecordedEvent[] {
    return answers
      .flat()
      .map((tuple) => fromTuple(tuple as EventTuple))
      .sort((a, b) => a.version - b.version);
  }

  /** Keeps what a batch was loaded with; what it did not find is a stream at version 0. */
  remember(keys: readonly StreamKey[], events: readonly RecordedEvent[]): void {
    this.#loaded = known(new StreamMap(), keys, events);
  }

  /** The streams that units append to, and of messages whose bodies they erase, as they stand before. */
  *of(units: readonly Unit[]): Steps<StreamMap> {
    const loaded = this.#loaded;
    this.#loaded = new StreamMap();
    const streams = new StreamMap();
    const unread: StreamKey[] = [];
    for (const { app, appends, erase } of units) {
      for (const stream of [...appends.map((append) => append.stream), ...erase.map(messageStream)]) {
        const key = { app, stream };
        const remembered = loaded.get(key);
        if (remembered === undefined) unread.push(key);
        else streams.set(key, remembered);
      }
    }
    if (unread.length === 0) return streams;
    return known(streams, unread, this.read(...(yield* together(...this.ask(unread)))));
  }
}

function known(streams: StreamMap, keys: readonly StreamKey[], events: readonly RecordedEvent[]): StreamMap {
  for (const key of keys) {
    streams.set(key, { day: streamDay(key.stream), version: 0, sent: undefined });
  }
  for (const event of events) {
    const before = streams.get(event);
    if (before !== undefined) streams.set(event, advanced(before, event));
  }
  return streams;
}

/** The stream with one more event. */
export function advanced(stream: KnownStream, event: RecordedEvent): KnownStream {
  return { day: stream.day, version: event.version, sent: isSent(event) ? event : stream.sent };
}

/** Whether an event sent the stream's message. */
function isSent(event: RecordedEvent): event is Sent {
  return event.type === 'MessageSent';
}
