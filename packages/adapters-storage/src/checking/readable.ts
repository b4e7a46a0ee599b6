import type { RecordedEvent } from '@recalld/domain';
import { toEvent } from '../eventRows.js';
import type { EventRow } from '../eventRows.js';
import { streamKey } from '../rebuild/replay.js';

/** The stored names of events. */
const eventTypes: Readonly<Record<RecordedEvent['type'], true>> = {
  MessageSent: true,
  MessageRecalled: true,
  MessageExpired: true,
  AttachmentPurged: true,
  MessageAcknowledged: true,
  ConversationDeleted: true,
  ConversationRead: true,
  RoamingDeleted: true,
  SessionsEnded: true,
  RecallPolicyChanged: true,
  CallbackRuleSuspended: true,
  CallbackRuleResumed: true,
  CallbackRuleTested: true,
};

export function isKnownType(type: string): boolean {
  return Object.hasOwn(eventTypes, type);
}

export function isReadable(data: string): boolean {
  try {
    const parsed: unknown = JSON.parse(data);
    return typeof parsed === 'object' && parsed !== null;
  } catch {
    return false;
  }
}

/** What can be said of streams; those with an event that cannot be read are another check's. */
export interface Readable {
  /** Of streams that can be read as a whole. */
  readonly events: readonly RecordedEvent[];
  isBroken(row: Pick<EventRow, 'app_no' | 'stream'>): boolean;
}

/** `rows`: whole streams. */
export function readable(rows: readonly EventRow[]): Readable {
  const broken = new Set(rows.filter(isUnreadable).map(keyOf));
  const isBroken: Readable['isBroken'] = (row) => broken.has(keyOf(row));
  return { events: rows.filter((row) => !isBroken(row)).map(toEvent), isBroken };
}

const isUnreadable = ({ type, data }: EventRow): boolean => !isKnownType(type) || !isReadable(data);

const keyOf = ({ app_no: app, stream }: Pick<EventRow, 'app_no' | 'stream'>): string =>
  streamKey({ app, stream });
