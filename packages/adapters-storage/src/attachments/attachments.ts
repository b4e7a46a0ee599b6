import type { Attachment, Attachments } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { AttachmentsTable } from '../attachmentTables.js';
import type { Database } from '../engines/database.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import type { Label, Labels } from './labels.js';

/** What is known of uploaded files; the command store moves them along. */
export function createAttachments(database: Database, labels: Labels): Attachments {
  const { db } = database;

  function* add(attachment: Attachment): Steps<void> {
    const labelNo = yield* labels.add({ app: attachment.app, attachment: attachment.id }, attachment);
    yield db.insertInto('attachments').values(columnsOf(attachment, labelNo));
  }

  function* find(app: Attachment['app'], id: Attachment['id']): Steps<Attachment | undefined> {
    const [row] = yield* rows(
      db.selectFrom('attachments').selectAll().where('app_no', '=', app).where('attachment', '=', id),
    );
    if (row === undefined) return undefined;
    return toAttachment(row, yield* labels.find({ app, attachment: id }, row.label_no));
  }

  function* markExpired(keys: Parameters<Attachments['markExpired']>[0]): Steps<void> {
    for (const { app, id } of keys) {
      const expire = db
        .updateTable('attachments')
        .set({ state: 'expired' })
        .where('app_no', '=', app)
        .where('attachment', '=', id)
        .where('state', 'in', ['uploaded', 'referred']);
      const [expired] = yield* rows(expire.returning('label_no'));
      if (expired !== undefined) yield* labels.erase([{ app, attachment: id }]);
    }
  }

  return {
    add: (attachment) => database.write(() => add(attachment)),
    find: (app, id) => database.read(() => find(app, id)),
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
      await database.write(() => markExpired(keys));
      database.contentErased();
    },
  };
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

function toAttachment(row: Selectable<AttachmentsTable>, label: Label): Attachment {
  return {
    app: row.app_no,
    id: row.attachment,
    state: row.state,
    secretHash: row.secret_hash,
    restricted: row.restricted === 1,
    ...label,
    sizeBytes: row.size_bytes,
    uploadedAt: row.uploaded_at,
    condemnedBy: row.condemned_by,
  };
}
