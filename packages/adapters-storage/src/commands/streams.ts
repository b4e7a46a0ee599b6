import { streamDay } from '@recalld/domain';
import type { AppNo, RecordedEvent, StreamId } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { SqliteEngine } from '../engines/sqlite.js';
import { eventColumns, fromTuple } from '../eventRows.js';
import type { EventTuple } from '../eventRows.js';
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

const eventsOf = (db: Kysely<Schema>) =>
  template<StreamKey>()((key) =>
    db
      .selectFrom('events')
      .select(eventColumns)
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
      .map((tuple) => fromTuple(tuple as unknown as EventTuple));
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

/** Whether an event sent the stream's message. */
export function isSent(event: RecordedEvent): event is Sent {
  return event.type === 'MessageSent';
}
