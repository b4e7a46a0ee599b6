import type { Append, CommandStore, Committed, NewEvent, RecordedEvent, Unit } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { RuleBook } from '../callbacks/ruleBook.js';
import { isUniqueViolation } from '../engines/sqlite.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import { recordedEvent } from '../eventRows.js';
import { project } from '../projection.js';
import type { EventsTable } from '../schema.js';
import { template } from '../statements.js';
import { createContents } from './contents.js';
import { createLoadFacts } from './loadFacts.js';
import { createPlannedDeliveries } from './plannedDeliveries.js';
import { createReadModels } from './readModels.js';
import { createReferences } from './references.js';
import { createStreams, isSent } from './streams.js';
import type { KnownStream } from './streams.js';
import { createTimelineCounters } from './timelineCounters.js';

export interface CommandStoreDeps {
  readonly engine: SqliteEngine;
  readonly rules: RuleBook;
  /** Told after each commit, with whether it erased content. */
  readonly onCommit: (erased: boolean) => void;
}

/** Somebody else appended to a stream meanwhile. */
class Moved extends Error {
  override readonly name = 'Moved';
}

/**
 * The write side on SQLite. A batch is one synchronous transaction of prepared statements, in the
 * order of its units: events, bodies, read models, attachment references, erasures, deliveries.
 */
export function createCommandStore({ engine, rules, onCommit }: CommandStoreDeps): CommandStore {
  const streams = createStreams(engine);
  const timelines = createTimelineCounters(engine);
  const loadFacts = createLoadFacts(engine, streams, rules);
  const changeRows = createReadModels(engine, streams, timelines);
  const refer = createReferences(engine, streams);
  const contents = createContents(engine, streams);
  const queueDeliveries = createPlannedDeliveries(engine, rules);
  const insertEvent = engine.prepare(eventInsertion(engine));

  function writeUnit(unit: Unit): readonly RecordedEvent[] {
    const recorded: RecordedEvent[] = [];
    for (const append of unit.appends) {
      const stream = streams.of(unit.app, append.stream);
      if (stream.version !== append.expected) {
        throw new Moved(`stream ${append.stream} is at ${stream.version}, not at ${append.expected}`);
      }
      for (const event of append.events) recorded.push(writeEvent(unit, append, stream, event));
    }
    contents.put(unit, recorded);
    contents.erase(unit);
    queueDeliveries(unit, recorded);
    return recorded;
  }

  function writeEvent(unit: Unit, append: Append, stream: KnownStream, event: NewEvent): RecordedEvent {
    const { app } = unit;
    const { timeline, timeline_position, message_seq } = timelines.stamp(app, append.timeline, event);
    const row = {
      stream_day: stream.day,
      app_no: app,
      stream: append.stream,
      version: stream.version + 1,
      type: event.type,
      data: JSON.stringify(event.data),
      actor: event.actor,
      command_id: unit.commandId,
      occurred_at: event.occurredAt,
      timeline,
      timeline_position,
      message_seq,
    };
    const recorded = recordedEvent(event, row, insertEvent.run(row).rowId);
    stream.version = row.version;
    if (isSent(recorded)) stream.sent = recorded;
    for (const change of project(recorded)) changeRows(app, change);
    refer(recorded);
    return recorded;
  }

  function commit(units: readonly Unit[]): Committed {
    try {
      const recorded = engine.transaction(() => {
        timelines.raise(units);
        return units.map(writeUnit);
      });
      return { ok: true, recorded };
    } catch (fault) {
      streams.forget();
      timelines.forget();
      if (fault instanceof Moved || isUniqueViolation(fault, 'events')) return { ok: false, reason: 'moved' };
      throw fault;
    }
  }

  return {
    async load(wanted) {
      streams.forget();
      return engine.snapshot(() => wanted.map(loadFacts));
    },
    async commit(units) {
      const committed = commit(units);
      if (committed.ok) onCommit(units.some(({ erase }) => erase.length > 0));
      return committed;
    },
  };
}

function eventInsertion({ db }: SqliteEngine) {
  return template<Omit<Selectable<EventsTable>, 'position'>>()((event) =>
    db.insertInto('events').values({
      stream_day: event.stream_day,
      app_no: event.app_no,
      stream: event.stream,
      version: event.version,
      type: event.type,
      data: event.data,
      actor: event.actor,
      command_id: event.command_id,
      occurred_at: event.occurred_at,
      timeline: event.timeline,
      timeline_position: event.timeline_position,
      message_seq: event.message_seq,
    }),
  );
}
