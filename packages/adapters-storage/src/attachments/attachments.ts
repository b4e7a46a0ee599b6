import { assert } from '@recalld/domain';
import type { Attachment, Attachments } from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import type { AttachmentLabelsTable, AttachmentsTable, Schema } from '../schema.js';
import { rows } from '../writer.js';
import type { Write, Writer } from '../writer.js';

/** What is known of uploaded files; the command store moves them along. `onErased`: names are gone. */
export function createAttachments(db: Kysely<Schema>, writer: Writer, onErased: () => void): Attachments {
  function* add(attachment: Attachment): Write<void> {
    const { fileName: file_name, contentType: content_type } = attachment;
    const label = db.insertInto('attachment_labels').values({ file_name, content_type });
    const [named] = yield* rows(label.returning('label_no'));
    assert(named !== undefined, 'an inserted row answers its number');
    yield db.insertInto('attachments').values(columnsOf(attachment, named.label_no));
  }

  function* markExpired(keys: Parameters<Attachments['markExpired']>[0]): Write<void> {
    for (const { app, id } of keys) {
      const expire = db
        .updateTable('attachments')
        .set({ state: 'expired' })
        .where('app_no', '=', app)
        .where('attachment', '=', id)
        .where('state', 'in', ['uploaded', 'referred']);
      const [expired] = yield* rows(expire.returning('label_no'));
      if (expired !== undefined) yield eraseLabels(db).where('label_no', '=', expired.label_no);
    }
  }

  return {
    add: (attachment) => writer.write(() => add(attachment)),
    async find(app, id) {
      const row = await db
        .selectFrom('attachments')
        .innerJoin('attachment_labels as label', 'label.label_no', 'attachments.label_no')
        .selectAll('attachments')
        .select(['label.file_name', 'label.content_type'])
        .where('app_no', '=', app)
        .where('attachment', '=', id)
        .executeTakeFirst();
      return row && toAttachment(row);
    },
    async condemned(limit) {
      const found = await db
        .selectFrom('attachments')
        .select(['app_no', 'attachment', 'condemned_by'])
        .where('state', '=', 'condemned')
        .orderBy('uploaded_at')
        .limit(limit)
        .execute();
      return found.flatMap(({ app_no: app, attachment: id, condemned_by: condemnedBy }) =>
        condemnedBy === null ? [] : { app, id, condemnedBy },
      );
    },
    async expirable(before, limit) {
      const found = await db
        .selectFrom('attachments')
        .select(['app_no', 'attachment'])
        .where('state', 'in', ['uploaded', 'referred'])
        .where('uploaded_at', '<', before)
        .orderBy('uploaded_at')
        .limit(limit)
        .execute();
      return found.map(({ app_no: app, attachment: id }) => ({ app, id }));
    },
    async markExpired(keys) {
      await writer.write(() => markExpired(keys));
      onErased();
    },
  };
}

/** What goes with the bytes, in place, as a body does: the names and types of the labels that the caller picks. */
export function eraseLabels(db: Kysely<Schema>) {
  return db.updateTable('attachment_labels').set({ file_name: null, content_type: null });
}

function columnsOf(attachment: Attachment, label: number): Selectable<AttachmentsTable> {
  return {
    app_no: attachment.app,
    attachment: attachment.id,
    state: attachment.state,
    secret_hash: attachment.secretHash,
    restricted: attachment.restricted ? 1 : 0,
    label_no: label,
    size_bytes: attachment.sizeBytes,
    uploaded_at: attachment.uploadedAt,
    condemned_by: attachment.condemnedBy,
  };
}

type NamedRow = Selectable<AttachmentsTable> & Pick<AttachmentLabelsTable, 'file_name' | 'content_type'>;

function toAttachment(row: NamedRow): Attachment {
  return {
    app: row.app_no,
    id: row.attachment,
    state: row.state,
    secretHash: row.secret_hash,
    restricted: row.restricted === 1,
    fileName: row.file_name ?? '',
    contentType: row.content_type ?? '',
    sizeBytes: row.size_bytes,
    uploadedAt: row.uploaded_at,
    condemnedBy: row.condemned_by,
  };
}
