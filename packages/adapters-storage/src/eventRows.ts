import type { NewEvent, Position, RecordedEvent } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { EventsTable } from './schema.js';

/** What a row of the log must have to be an event again. */
export type EventRow = Omit<Selectable<EventsTable>, 'stream_day'>;

export const eventColumns = [
  'position',
  'app_no',
  'stream',
  'version',
  'type',
  'data',
  'actor',
  'command_id',
  'occurred_at',
  'timeline',
  'timeline_position',
  'message_seq',
] as const satisfies readonly (keyof EventRow)[];

/** A row as the list of {@link eventColumns}. */
export type EventTuple = readonly [
  position: number,
  app: number,
  stream: string,
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

export function fromTuple(tuple: EventTuple): RecordedEvent {
  const [
    position,
    app,
    stream,
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

/** What the log stores is what was decided: types and data are trusted as they were written. */
export function toEvent(row: EventRow): RecordedEvent {
  const { type, actor, occurred_at: occurredAt } = row;
  const decided = { type, data: JSON.parse(row.data) as unknown, occurredAt, actor } as NewEvent;
  return recordedEvent(decided, row, row.position);
}

/** What the store stamps on an event, besides its position. */
export type StampColumns = Pick<
  EventRow,
  'app_no' | 'stream' | 'version' | 'command_id' | 'timeline' | 'timeline_position' | 'message_seq'
>;

/**
 * An event with its stamps; those that it does not have are absent. One literal per shape: spreads
 * of two objects cost more than the insertion of the row.
 */
export function recordedEvent(event: NewEvent, stamps: StampColumns, position: Position): RecordedEvent {
  const { type, data, occurredAt, actor } = event;
  const { app_no: app, stream, version, command_id: commandId } = stamps;
  const { timeline, timeline_position: timelinePosition, message_seq: messageSeq } = stamps;
  if (timeline === null || timelinePosition === null) {
    return { type, data, occurredAt, actor, app, position, stream, version, commandId } as RecordedEvent;
  }
  if (messageSeq === null) {
    // prettier-ignore
    return {
      type, data, occurredAt, actor, app, position, stream, version, commandId, timeline, timelinePosition,
    } as RecordedEvent;
  }
  // prettier-ignore
  return {
    type, data, occurredAt, actor, app, position, stream, version, commandId, timeline, timelinePosition,
    messageSeq,
  } as RecordedEvent;
}
