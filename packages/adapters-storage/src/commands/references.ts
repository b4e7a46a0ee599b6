import type { AppNo, AttachmentId, MsgId, RecordedEvent } from '@recalld/domain';
import { eraseLabels } from '../attachments/attachments.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import { template } from '../statements.js';
import type { Streams } from './streams.js';

interface Reference {
  readonly app: AppNo;
  readonly attachment: AttachmentId;
  readonly msgId: MsgId;
}

/**
 * What an event does to the attachments that its message refers to. One way only: a send refers to
 * those that may still be read, the recall of the last message that refers to one condemns it, and
 * nothing brings it back. An expired message keeps none from being condemned. Most messages have none, and cost nothing here.
 */
export function createReferences(engine: SqliteEngine, streams: Streams): (event: RecordedEvent) => void {
  const statements = prepareAll(engine);

  function refer(reference: Reference): void {
    if (statements.refer.run(reference).changes === 0) return;
    statements.addReference.run(reference);
  }

  function drop(reference: Reference): void {
    if (statements.dropReference.run(reference).changes === 0) return;
    if (statements.condemn.run(reference).changes > 0) statements.eraseLabel.run(reference);
  }

  return (event) => {
    const { app } = event;
    switch (event.type) {
      case 'MessageSent':
        for (const attachment of event.data.attachments) refer({ app, attachment, msgId: event.data.msgId });
        return;
      case 'MessageRecalled': {
        const { msgId } = event.data;
        const sent = event.data.held ? streams.of(app, event.stream).sent : undefined;
        for (const attachment of sent?.data.attachments ?? []) drop({ app, attachment, msgId });
        return;
      }
      case 'MessageExpired': {
        const { sent } = streams.of(app, event.stream);
        const { msgId } = event.data;
        for (const attachment of sent?.data.attachments ?? [])
          statements.weaken.run({ app, attachment, msgId });
        return;
      }
      case 'AttachmentPurged':
        statements.purge.run({ app, attachment: event.data.attachment });
        return;
      default:
        return;
    }
  };
}

function prepareAll(engine: SqliteEngine) {
  const { db } = engine;
  const refer = template<Reference>()(({ app, attachment }) =>
    db
      .updateTable('attachments')
      .set({ state: 'referred' })
      .where('app_no', '=', app)
      .where('attachment', '=', attachment)
      .where('state', 'in', ['uploaded', 'referred']),
  );
  const addReference = template<Reference>()(({ app, attachment, msgId }) =>
    db
      .insertInto('attachment_refs')
      .values({ app_no: app, attachment, msg_id: msgId, live: 1 })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const dropReference = template<Reference>()(({ app, attachment, msgId }) =>
    db
      .deleteFrom('attachment_refs')
      .where('app_no', '=', app)
      .where('attachment', '=', attachment)
      .where('msg_id', '=', msgId),
  );
  const condemn = template<Reference>()(({ app, attachment, msgId }) =>
    db
      .updateTable('attachments')
      .set({ state: 'condemned', condemned_by: msgId })
      .where('app_no', '=', app)
      .where('attachment', '=', attachment)
      .where('state', '=', 'referred')
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('attachment_refs')
              .select('msg_id')
              .where('app_no', '=', app)
              .where('attachment', '=', attachment)
              .where('live', '=', 1),
          ),
        ),
      ),
  );
  const weaken = template<Reference>()(({ app, attachment, msgId }) =>
    db
      .updateTable('attachment_refs')
      .set({ live: 0 })
      .where('app_no', '=', app)
      .where('attachment', '=', attachment)
      .where('msg_id', '=', msgId),
  );
  const eraseLabel = template<Reference>()(({ app, attachment }) =>
    eraseLabels(db).where('label_no', '=', (e) =>
      e
        .selectFrom('attachments')
        .select('label_no')
        .where('app_no', '=', app)
        .where('attachment', '=', attachment),
    ),
  );
  const purge = template<Omit<Reference, 'msgId'>>()(({ app, attachment }) =>
    db
      .updateTable('attachments')
      .set({ state: 'purged' })
      .where('app_no', '=', app)
      .where('attachment', '=', attachment)
      .where('state', '=', 'condemned'),
  );
  return {
    refer: engine.prepare(refer),
    addReference: engine.prepare(addReference),
    dropReference: engine.prepare(dropReference),
    condemn: engine.prepare(condemn),
    eraseLabel: engine.prepare(eraseLabel),
    purge: engine.prepare(purge),
    weaken: engine.prepare(weaken),
  };
}
