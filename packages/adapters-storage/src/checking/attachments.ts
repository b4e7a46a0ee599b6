import { messageStream } from '@recalld/domain';
import type { AppNo, AttachmentId, MsgId } from '@recalld/domain';
import { sql } from 'kysely';
import type { AttachmentRefsTable, AttachmentsTable } from '../attachmentTables.js';
import { createLogReads } from '../rebuild/logReads.js';
import type { LogReads } from '../rebuild/logReads.js';
import { streamKey } from '../rebuild/replay.js';
import { each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check, CheckDeps } from './check.js';
import type { Finding, FindingKind } from './finding.js';
import { readable } from './readable.js';

type Row = Pick<AttachmentsTable, 'app_no' | 'attachment' | 'state' | 'condemned_by'>;

interface Known {
  readonly found: readonly Row[];
  readonly references: readonly AttachmentRefsTable[];
  /** When messages were recalled, by stream. */
  readonly recalledAt: ReadonlyMap<string, number>;
}

/** The purge follows a recall within seconds; this is long. */
const purgeMs = 3_600_000;

/** What is known of uploaded files agrees with the messages that refer to them, and with their bytes. */
export const attachments: Check = {
  name: 'attachments',
  run(deps) {
    const log = createLogReads(deps.reads);
    return walk(deps, { app_no: 0, attachment: '' }, async (from: Pick<Row, 'app_no' | 'attachment'>) => {
      const known = await deps.reads.read(() => knownBehind(deps, log, from));
      const { found } = known;
      const having = await deps.bytes.having(found.map(({ attachment }) => attachment));
      const findings = [
        ...found.flatMap((row) => lookAtRow(row, known, having, deps)),
        ...known.references.flatMap((reference) => lookAtReference(reference, known)),
      ];
      return { findings, looked: found.length, next: found.length < pieceRows ? undefined : found.at(-1) };
    });
  },
};

function* knownBehind(
  { reads: { db, statements } }: CheckDeps,
  log: LogReads,
  from: Pick<Row, 'app_no' | 'attachment'>,
): Steps<Known> {
  const referencesOf = statements.select<{ app: AppNo; attachment: AttachmentId }>({
    app: 'whole',
    attachment: 'text',
  })(({ app, attachment }) =>
    db
      .selectFrom('attachment_refs')
      .selectAll()
      .where('app_no', '=', app)
      .where('attachment', '=', attachment),
  );
  const found = yield* rows(
    db
      .selectFrom('attachments')
      .select(['app_no', 'attachment', 'state', 'condemned_by'])
      .where(sql<boolean>`(app_no, attachment) > (${from.app_no}, ${from.attachment})`)
      .orderBy('app_no')
      .orderBy('attachment')
      .limit(pieceRows),
  );
  const keys = found.map(({ app_no: app, attachment }) => ({ app, attachment }));
  const references = yield* rows(each(referencesOf, keys));
  const streams = [
    ...references.map(({ app_no, msg_id: id }) => ({ app_no, stream: messageStream(id) })),
    ...found.flatMap(({ app_no, state, condemned_by: id }) =>
      state === 'condemned' && id !== null ? { app_no, stream: messageStream(id) } : [],
    ),
  ];
  const recalls = readable(yield* log.streams(streams)).events.filter(
    ({ type }) => type === 'MessageRecalled',
  );
  const recalledAt = new Map(recalls.map((event) => [streamKey(event), event.occurredAt]));
  return { found, references, recalledAt };
}

function lookAtRow(
  row: Row,
  { references, recalledAt }: Known,
  having: ReadonlySet<AttachmentId>,
  { now, kind: engine }: CheckDeps,
): readonly Finding[] {
  const { app_no: app, attachment, state, condemned_by: condemnedBy } = row;
  const own = references.filter((one) => one.app_no === app && one.attachment === attachment);
  const keeping = own.filter(({ live, expires_at: at }) => live === 1 && (at === null || at > now));
  const isOpen = state === 'uploaded' || state === 'referred';
  const kinds: FindingKind[] = [];
  if (isOpen && !having.has(attachment)) kinds.push('attachmentWithoutBytes');
  if ((state === 'purged' || state === 'expired') && having.has(attachment))
    kinds.push('attachmentBytesLeft');
  if (state === 'uploaded' && own.length > 0) kinds.push('attachmentState');
  // Where the log is dropped when its time is over, its references go with it.
  if (state === 'referred' && own.length === 0 && engine === 'sqlite') kinds.push('attachmentState');
  if ((state === 'condemned' || state === 'purged') && keeping.length > 0) kinds.push('attachmentState');
  if (state === 'condemned' && since(recalledAt, app, condemnedBy) < now - purgeMs) kinds.push('purgeLate');
  return kinds.map((kind) => ({ kind, app, about: { attachment, state } }));
}

function since(recalledAt: Known['recalledAt'], app: AppNo, message: MsgId | null): number {
  if (message === null) return 0;
  return recalledAt.get(streamKey({ app, stream: messageStream(message) })) ?? Infinity;
}

/** A recalled message refers to nothing any more. */
function lookAtReference(
  { app_no: app, attachment, msg_id: message }: AttachmentRefsTable,
  { recalledAt }: Known,
): readonly Finding[] {
  const isLeft = recalledAt.has(streamKey({ app, stream: messageStream(message) }));
  return isLeft ? [{ kind: 'referenceLeft', app, about: { attachment, message } }] : [];
}
