import { streamDay } from '@recalld/domain';
import type { AppNo, RecordedEvent, StreamId } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { SqliteEngine } from '../engines/sqlite.js';
import { toEvent } from '../eventRows.js';
import type { Schema } from '../schema.js';
import { template } from '../statements.js';

type Sent = Extract<RecordedEvent, { readonly type: 'MessageSent' }>;

interface StreamKey {
  readonly day: number;
  readonly app: AppNo;
  readonly stream: StreamId;
}

/** A stream as the batch knows it; the batch brings it forward. */
export interface KnownStream {
  readonly day: number;
  /** Unless somebody appended since it was read: the unique key finds that out. */
  version: number;
  /** The event that sent the message; undefined for one that the server never had. */
  sent: Sent | undefined;
}

/**
 * The streams of one batch. What `load` read is remembered until the next one, because the commit
 * that follows needs it again: where a recalled message and its body stand, and its attachments. A
 * MessageSent never changes, so what is remembered cannot be wrong; what is not there is read.
 */
export interface Streams {
  /** Forgets the batch before. */
  forget(): void;
  load(app: AppNo, stream: StreamId): readonly RecordedEvent[];
  of(app: AppNo, stream: StreamId): KnownStream;
}

/** In this order in {@link StreamTuple}. */
const streamColumns = [
  'position',
  'version',
  'type',
  'data',
  'actor',
  'command_id',
  'occurred_at',
  'timeline',
  'timeline_position',
  'message_seq',
] as const;

type StreamTuple = readonly [
  position: number,
  version: number,
  type: string,
  data: string,
  actor: string,
  commandId: string,
  occurredAt: number,
  timeline: string | null,
  timelinePosition: number | null,
  messageSeq: number | null,
];

const eventsOf = (db: Kysely<Schema>) =>
  template<StreamKey>()((key) =>
    db
      .selectFrom('events')
      .select(streamColumns)
      .where('stream_day', '=', key.day)
      .where('app_no', '=', key.app)
      .where('stream', '=', key.stream)
      .orderBy('version'),
  );

export function createStreams(engine: SqliteEngine): Streams {
  const select = engine.prepare(eventsOf(engine.db));
  const apps = new Map<AppNo, Map<StreamId, KnownStream>>();

  function read(app: AppNo, stream: StreamId) {
    const day = streamDay(stream);
    const events = select
      .tuples({ day, app, stream })
      .map((tuple) => fromTuple(app, stream, tuple as unknown as StreamTuple));
    const version = events.at(-1)?.version ?? 0;
    return { events, known: remember(app, stream, { day, version, sent: events.find(isSent) }) };
  }

  function remember(app: AppNo, stream: StreamId, known: KnownStream): KnownStream {
    const streams = apps.get(app);
    if (streams === undefined) apps.set(app, new Map([[stream, known]]));
    else streams.set(stream, known);
    return known;
  }

  return {
    forget: () => apps.clear(),
    load: (app, stream) => read(app, stream).events,
    of: (app, stream) => apps.get(app)?.get(stream) ?? read(app, stream).known,
  };
}

function fromTuple(app: AppNo, stream: StreamId, tuple: StreamTuple): RecordedEvent {
  const [
    position,
    version,
    type,
    data,
    actor,
    commandId,
    occurredAt,
    timeline,
    timelinePosition,
    messageSeq,
  ] = tuple;
  return toEvent({
    position,
    app_no: app,
    stream,
    version,
    type,
    data,
    actor,
    command_id: commandId,
    occurred_at: occurredAt,
    timeline,
    timeline_position: timelinePosition,
    message_seq: messageSeq,
  });
}

/** Whether an event sent the stream's message. */
export function isSent(event: RecordedEvent): event is Sent {
  return event.type === 'MessageSent';
}
