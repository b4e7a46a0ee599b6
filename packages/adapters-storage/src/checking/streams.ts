import { streamDay } from '@recalld/domain';
import { sql } from 'kysely';
import type { EventsTable } from '../schema.js';
import { rows } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check } from './check.js';
import type { Finding, FindingKind } from './finding.js';
import { isKnownType, isReadable } from './readable.js';

type StreamRow = Pick<EventsTable, 'stream_day' | 'app_no' | 'stream' | 'version' | 'type' | 'data'> & {
  readonly position: number;
};
type Place = Omit<StreamRow, 'type' | 'data'>;

const start: Place = { stream_day: -1, app_no: 0, stream: '', version: 0, position: 0 };

/** Each stream counts from 1 without gaps, stands in its day, in the order of the log, and can be read. */
export const streams: Check = {
  name: 'streams',
  run: (deps) =>
    walk(deps, start, async (from) => {
      const { db } = deps.reads;
      const { stream_day, app_no, stream, version } = from;
      const found = await deps.reads.read(() =>
        rows(
          db
            .selectFrom('events')
            .select(['stream_day', 'app_no', 'stream', 'version', 'type', 'data', 'position'])
            .where(
              sql<boolean>`(stream_day, app_no, stream, version) > (${stream_day}, ${app_no}, ${stream}, ${version})`,
            )
            .orderBy('stream_day')
            .orderBy('app_no')
            .orderBy('stream')
            .orderBy('version')
            .limit(pieceRows),
        ),
      );
      const findings = found.flatMap((row, n) => lookAt(row, found[n - 1] ?? from));
      return { findings, looked: found.length, next: found.length < pieceRows ? undefined : found.at(-1) };
    }),
};

function lookAt(row: StreamRow, before: Place): readonly Finding[] {
  const { app_no: app, stream, version, position, type, data } = row;
  const follows = before.app_no === app && before.stream === stream && before.stream_day === row.stream_day;
  const kinds: FindingKind[] = [];
  if (version !== (follows ? before.version : 0) + 1) kinds.push('streamGap');
  if (follows && position <= before.position) kinds.push('streamOrder');
  if (row.stream_day !== streamDay(stream)) kinds.push('streamDay');
  if (!isKnownType(type)) kinds.push('eventTypeUnknown');
  else if (!isReadable(data)) kinds.push('eventUnreadable');
  return kinds.map((kind) => ({ kind, app, about: { stream, version, position } }));
}
