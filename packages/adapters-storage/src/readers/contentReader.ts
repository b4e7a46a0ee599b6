import type { ContentFormat, ContentReader, ItemId, StoredContent } from '@recalld/domain';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';

/** SQLite takes 32,766 parameters a statement. */
const itemsPerQuery = 1_000;

export function createContentReader(db: Kysely<Schema>): ContentReader {
  return {
    async read(app, items) {
      const found = new Map<ItemId, StoredContent>();
      for (let at = 0; at < items.length; at += itemsPerQuery) {
        const rows = await db
          .selectFrom('bodies')
          .select(['item_id', 'format', 'payload'])
          .where('app_no', '=', app)
          .where('item_id', 'in', items.slice(at, at + itemsPerQuery))
          .where('payload', 'is not', null)
          .execute();
        for (const { item_id: item, format, payload } of rows) {
          if (payload !== null) found.set(item, { format: format as ContentFormat, payload: plain(payload) });
        }
      }
      return found;
    },
  };
}

/** The driver answers Buffers; callers get what the port says. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
