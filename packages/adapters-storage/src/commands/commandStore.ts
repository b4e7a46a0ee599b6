import { assert, itemIdOf, messageStream } from '@recalld/domain';
import type { CommandStore, Committed, NewEvent, Position, RecordedEvent, Unit } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { Bodies, ErasedBody, NewBody } from '../bodies/bodies.js';
import type { RuleBook } from '../callbacks/ruleBook.js';
import type { GenerationCounter } from '../directory/generations.js';
import type { Database } from '../engines/database.js';
import { recordedEvent } from '../eventRows.js';
import type { EventsTable } from '../schema.js';
import { each, together } from '../steps.js';
import type { Steps } from '../steps.js';
import { createLoadFacts } from './loadFacts.js';
import { createPlannedDeliveries } from './plannedDeliveries.js';
import { createReadModels } from './readModels.js';
import { createReferences } from './references.js';
import type { EraseLabels } from './references.js';
import { createRetryKeyRows } from './retryKeyRows.js';
import { advanced, Streams } from './streams.js';
import type { StreamMap } from './streams.js';
import { createStamper, createTimelineCounters, growthsOf } from './timelineCounters.js';
import type { Stamper } from './timelineCounters.js';

export interface CommandStoreDeps {
  readonly database: Database;
  readonly rules: RuleBook;
  readonly generations: GenerationCounter;
  readonly bodies: Bodies;
  readonly eraseLabels: EraseLabels;
}

/** Somebody else appended to a stream, or sent under a key, meanwhile. */
class Moved extends Error {
  override readonly name = 'Moved';
}

type EventRow = Selectable<EventsTable>;

/** The rows and events that a batch came to. */
interface Stamped {
  readonly rows: readonly EventRow[];
  readonly recorded: readonly (readonly RecordedEvent[])[];
}

/**
 * The write side. A batch is one transaction: first its timelines and positions are taken, then its
 * rows are written kind by kind, events first, so that a stream that moved stops it there.
 */
export function createCommandStore(deps: CommandStoreDeps): CommandStore {
  const { database, bodies } = deps;
  const streams = new Streams(database);
  const timelines = createTimelineCounters(database);
  const retryKeys = createRetryKeyRows(database);
  const loadFacts = createLoadFacts({ ...deps, reads: database, streams, retryKeys });
  const changeRows = createReadModels(database);
  const refer = createReferences(database, deps.eraseLabels);
  const queueDeliveries = createPlannedDeliveries(database);
  const insertEvents = database.statements.insert('events', {
    position: 'whole',
    stream_day: 'whole',
    app_no: 'whole',
    stream: 'text',
    version: 'whole',
    type: 'text',
    data: 'text',
    actor: 'text',
    command_id: 'text',
    occurred_at: 'whole',
    timeline: 'text',
    timeline_position: 'whole',
    message_seq: 'whole',
  });

  function* write(units: readonly Unit[]): Steps<Stamped['recorded']> {
    const { positions } = database;
    const known = yield* streams.of(units);
    const growths = growthsOf(units);
    const count = units.reduce((sum, unit) => sum + eventsOf(unit), 0);
    const [raised, answered] = yield* together(timelines.raise(growths), positions.take(count));
    const stamper = createStamper(growths, raised);
    const { rows, recorded } = stampAll(units, known, stamper, positions.taken(answered, count));
    const all = recorded.flat();
    const taken = retryKeys.take(units, recorded);
    const { answers = [] } = yield [
      taken,
      each(insertEvents, rows),
      ...bodies.put(units.flatMap((unit, n) => bodiesOf(unit, recorded[n] ?? []))),
      ...changeRows(all, known, stamper),
      ...bodies.erase(units.flatMap((unit) => erasedBy(unit, known))),
    ];
    if (answers[0]?.changes !== taken.parameters.length) throw new Moved('a retry key was taken');
    yield* refer(all, known);
    yield* queueDeliveries(units, recorded);
    return recorded;
  }

  async function commit(units: readonly Unit[]): Promise<Committed> {
    try {
      return { ok: true, recorded: await database.commit(() => write(units)) };
    } catch (fault) {
      const reason = fault instanceof Moved ? 'moved' : database.conflictOf(fault);
      if (reason === undefined) throw fault;
      return { ok: false, reason };
    }
  }

  return {
    load: (wanted) => database.read(() => loadFacts(wanted)),
    async commit(units) {
      const committed = await commit(units);
      if (committed.ok && units.some(({ erase }) => erase.length > 0)) database.contentErased();
      return committed;
    },
  };
}

const eventsOf = ({ appends }: Unit): number => appends.reduce((sum, { events }) => sum + events.length, 0);

/** Gives each event its place in its stream, its timeline and the log. @throws Moved */
function stampAll(
  units: readonly Unit[],
  known: StreamMap,
  stamper: Stamper,
  positions: readonly Position[],
): Stamped {
  const rows: EventRow[] = [];

  function stamp(unit: Unit, append: Unit['appends'][number], event: NewEvent): RecordedEvent {
    const { app } = unit;
    const key = { app, stream: append.stream };
    const stream = known.get(key);
    const position = positions[rows.length];
    assert(
      stream !== undefined && position !== undefined,
      `the batch knows ${append.stream} and its position`,
    );
    const { timeline, timeline_position, message_seq } = stamper.stamp(app, append.timeline, event);
    const row = {
      position,
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
    rows.push(row);
    const recorded = recordedEvent(event, row, position);
    known.set(key, advanced(stream, recorded));
    return recorded;
  }

  const recorded = units.map((unit) =>
    unit.appends.flatMap((append) => {
      const version = known.get({ app: unit.app, stream: append.stream })?.version;
      if (version !== append.expected) {
        throw new Moved(`stream ${append.stream} is at ${version}, not at ${append.expected}`);
      }
      return append.events.map((event) => stamp(unit, append, event));
    }),
  );
  return { rows, recorded };
}

function bodiesOf({ app, puts }: Unit, recorded: readonly RecordedEvent[]): readonly NewBody[] {
  return puts.map(({ event, content: { format, payload } }) => {
    const carrier = recorded[event];
    const item = carrier && itemIdOf(carrier);
    assert(carrier !== undefined && item !== undefined, `event ${event} of the unit can have a body`);
    return { position: carrier.position, app, item, format, payload };
  });
}

function erasedBy({ app, erase }: Unit, known: StreamMap): readonly ErasedBody[] {
  return erase.flatMap((item) => {
    const sent = known.get({ app, stream: messageStream(item) })?.sent;
    return sent === undefined ? [] : [{ position: sent.position, item }];
  });
}
