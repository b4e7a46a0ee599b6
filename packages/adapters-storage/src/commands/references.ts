import type { AppNo, AttachmentId, Instant, MsgId, RecordedEvent } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { changes, each, rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { StreamMap } from './streams.js';

interface Key {
  readonly app: AppNo;
  readonly attachment: AttachmentId;
}

interface Reference extends Key {
  readonly msgId: MsgId;
}

interface LiveReference extends Reference {
  readonly expiresAt: Instant | null;
}

/** What one kind of events does to attachments, several events in a row. */
type Effect =
  | { readonly kind: 'refer'; readonly references: LiveReference[] }
  | { readonly kind: 'drop'; readonly references: (Reference & { readonly at: Instant })[] }
  | { readonly kind: 'weaken'; readonly references: Reference[] }
  | { readonly kind: 'purge'; readonly references: Key[] };

/** Erases what goes with an attachment that nobody refers to any more: its name and type. */
export type EraseLabels = (keys: readonly Key[]) => Steps<void>;

/**
 * What a batch does to the attachments that its messages refer to. One way only: a send refers to
 * those that may still be read, the recall of the last message that refers to one condemns it, and
 * nothing brings it back. An expired message keeps none from being condemned. Most messages have none,
 * and cost nothing here.
 */
export function createReferences(
  reads: Reads,
  eraseLabels: EraseLabels,
): (recorded: readonly RecordedEvent[], streams: StreamMap) => Steps<void> {
  const statements = compileAll(reads);

  function* refer(references: readonly LiveReference[]): Steps<void> {
    const referred = yield* rows(each(statements.refer, references));
    const found = new Set(referred.map(({ app_no: app, attachment }) => keyText({ app, attachment })));
    yield each(
      statements.addReference,
      references
        .filter((reference) => found.has(keyText(reference)))
        .map(({ app, attachment, msgId, expiresAt }) => ({
          app_no: app,
          attachment,
          msg_id: msgId,
          live: 1,
          expires_at: expiresAt,
        })),
    );
  }

  function* drop(references: readonly (Reference & { readonly at: Instant })[]): Steps<void> {
    // Two recalls of the last two references must not both find the other one's.
    yield each(statements.lock, references);
    if ((yield* changes(each(statements.dropReference, references))) === 0) return;
    const condemned = yield* rows(each(statements.condemn, references));
    yield* eraseLabels(condemned.map(({ app_no: app, attachment }) => ({ app, attachment })));
  }

  return function* referencesOf(recorded, streams) {
    for (const effect of effectsOf(recorded, streams)) {
      if (effect.kind === 'refer') yield* refer(effect.references);
      else if (effect.kind === 'drop') yield* drop(effect.references);
      else if (effect.kind === 'weaken') yield each(statements.weaken, effect.references);
      else yield each(statements.purge, effect.references);
    }
  };
}

const keyText = ({ app, attachment }: Key): string => `${app}/${attachment}`;

/** In the order of the events; neighbours that do the same are taken together. */
function effectsOf(recorded: readonly RecordedEvent[], streams: StreamMap): readonly Effect[] {
  const effects: Effect[] = [];
  for (const event of recorded) {
    const effect = effectOf(event, streams);
    if (effect === undefined || effect.references.length === 0) continue;
    const last = effects.at(-1);
    if (last?.kind === effect.kind) (last.references as object[]).push(...effect.references);
    else effects.push(effect);
  }
  return effects;
}

function effectOf(event: RecordedEvent, streams: StreamMap): Effect | undefined {
  const { app } = event;
  switch (event.type) {
    case 'MessageSent': {
      const { attachments, msgId, expiresAt } = event.data;
      const references = attachments.map((attachment) => ({ app, attachment, msgId, expiresAt }));
      return { kind: 'refer', references };
    }
    case 'MessageRecalled': {
      const { msgId, held } = event.data;
      const attachments = held ? (streams.get(event)?.sent?.data.attachments ?? []) : [];
      const at = event.occurredAt;
      return { kind: 'drop', references: attachments.map((attachment) => ({ app, attachment, msgId, at })) };
    }
    case 'MessageExpired': {
      const { msgId } = event.data;
      const attachments = streams.get(event)?.sent?.data.attachments ?? [];
      return { kind: 'weaken', references: attachments.map((attachment) => ({ app, attachment, msgId })) };
    }
    case 'AttachmentPurged':
      return { kind: 'purge', references: [{ app, attachment: event.data.attachment }] };
    default:
      return undefined;
  }
}

function compileAll({ db, statements, words }: Reads) {
  const key = { app: 'whole', attachment: 'text' } as const;
  const reference = { ...key, msgId: 'text' } as const;
  return {
    refer: statements.change<LiveReference>({ ...reference, expiresAt: 'whole' })(
      ({ app, attachment }, start) =>
        start
          .update('attachments')
          .set({ state: 'referred' })
          .where('app_no', '=', app)
          .where('attachment', '=', attachment)
          .where('state', 'in', ['uploaded', 'referred'])
          .returning(['app_no', 'attachment']),
    ),
    addReference: statements.insert(
      'attachment_refs',
      { app_no: 'whole', attachment: 'text', msg_id: 'text', live: 'whole', expires_at: 'whole' },
      sql`on conflict do nothing`,
    ),
    lock: statements.select<Reference & { at: Instant }>({ ...reference, at: 'whole' })(
      ({ app, attachment }) =>
        db
          .selectFrom('attachments')
          .select('state')
          .where('app_no', '=', app)
          .where('attachment', '=', attachment)
          .modifyEnd(words.forUpdate),
    ),
    dropReference: statements.change<Reference & { at: Instant }>({ ...reference, at: 'whole' })(
      ({ app, attachment, msgId }, start) =>
        start
          .deleteFrom('attachment_refs')
          .where('app_no', '=', app)
          .where('attachment', '=', attachment)
          .where('msg_id', '=', msgId),
    ),
    condemn: statements.change<Reference & { at: Instant }>({ ...reference, at: 'whole' })(
      ({ app, attachment, msgId, at }, start) =>
        start
          .update('attachments')
          .set({ state: 'condemned', condemned_by: msgId })
          .where('app_no', '=', app)
          .where('attachment', '=', attachment)
          .where('state', '=', 'referred')
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('attachment_refs as r')
                  .select('r.msg_id')
                  .where('r.app_no', '=', app)
                  .where('r.attachment', '=', attachment)
                  .where('r.live', '=', 1)
                  .where((e) => e.or([e('r.expires_at', 'is', null), e('r.expires_at', '>', at)])),
              ),
            ),
          )
          .returning(['app_no', 'attachment']),
    ),
    weaken: statements.change<Reference>(reference)(({ app, attachment, msgId }, start) =>
      start
        .update('attachment_refs')
        .set({ live: 0 })
        .where('app_no', '=', app)
        .where('attachment', '=', attachment)
        .where('msg_id', '=', msgId),
    ),
    purge: statements.change<Key>(key)(({ app, attachment }, start) =>
      start
        .update('attachments')
        .set({ state: 'purged' })
        .where('app_no', '=', app)
        .where('attachment', '=', attachment)
        .where('state', '=', 'condemned'),
    ),
  };
}
