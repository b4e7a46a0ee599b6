import type { Attachment, Attachments } from '@recalld/domain';
import type { Kysely, Selectable } from 'kysely';
import type { AttachmentsTable, Schema } from '../schema.js';
import type { Writer } from '../writer.js';
import type { Write } from '../writer.js';

/** What is known of uploaded files; the command store moves them along. */
export function createAttachments(db: Kysely<Schema>, writer: Writer): Attachments {
  function* add(attachment: Attachment): Write<void> {
    yield db.insertInto('attachments').values(columnsOf(attachment));
  }

  function* markExpired(keys: Parameters<Attachments['markExpired']>[0]): Write<void> {
    for (const { app, id } of keys) {
      yield db
        .updateTable('attachments')
        .set({ state: 'expired' })
        .where('app_no', '=', app)
        .where('attachment', '=', id)
        .where('state', 'in', ['uploaded', 'referred']);
    }
  }

  return {
    add: (attachment) => writer.write(() => add(attachment)),
    async find(app, id) {
      const row = await db
        .selectFrom('attachments')
        .selectAll()
        .where('app_no', '=', app)
        .where('attachment', '=', id)
        .executeTakeFirst();
      return row && toAttachment(row);
    },
    async condemned(limit) {
      const rows = await db
        .selectFrom('attachments')
        .select(['app_no', 'attachment', 'condemned_by'])
        .where('state', '=', 'condemned')
        .orderBy('uploaded_at')
        .limit(limit)
        .execute();
      return rows.flatMap(({ app_no: app, attachment: id, condemned_by: condemnedBy }) =>
        condemnedBy === null ? [] : { app, id, condemnedBy },
      );
    },
    async expirable(before, limit) {
      const rows = await db
        .selectFrom('attachments')
        .select(['app_no', 'attachment'])
        .where('state', 'in', ['uploaded', 'referred'])
        .where('uploaded_at', '<', before)
        .orderBy('uploaded_at')
        .limit(limit)
        .execute();
      return rows.map(({ app_no: app, attachment: id }) => ({ app, id }));
    },
    markExpired: (keys) => writer.write(() => markExpired(keys)),
  };
}

function columnsOf(attachment: Attachment): Selectable<AttachmentsTable> {
  return {
    app_no: attachment.app,
    attachment: attachment.id,
    state: attachment.state,
    secret_hash: attachment.secretHash,
    restricted: attachment.restricted ? 1 : 0,
    file_name: attachment.fileName,
    content_type: attachment.contentType,
    size_bytes: attachment.sizeBytes,
    uploaded_at: attachment.uploadedAt,
    condemned_by: attachment.condemnedBy,
  };
}

function toAttachment(row: Selectable<AttachmentsTable>): Attachment {
  return {
    app: row.app_no,
    id: row.attachment,
    state: row.state,
    secretHash: row.secret_hash,
    restricted: row.restricted === 1,
    fileName: row.file_name,
    contentType: row.content_type,
    sizeBytes: row.size_bytes,
    uploadedAt: row.uploaded_at,
    condemnedBy: row.condemned_by,
  };
}
