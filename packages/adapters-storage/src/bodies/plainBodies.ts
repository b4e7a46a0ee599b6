import type { ContentFormat, ItemId, StoredContent } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import { each } from '../steps.js';
import type { Bodies } from './bodies.js';
import { bodyInsertion, itemDay } from './bodies.js';

/** SQLite takes 32,766 parameters a statement. */
const itemsPerQuery = 1_000;

/**
 * Bodies as they came, in log order. A recall empties them in place: a row that is deleted may leave a
 * copy behind, one that stays does not.
 */
export function createPlainBodies({ db, statements }: Reads): Bodies {
  const insert = bodyInsertion(statements);
  const empty = statements.change<{ position: number }>({ position: 'whole' })((body, start) =>
    start.update('bodies').set({ payload: null }).where('position', '=', body.position),
  );
  return {
    put: (bodies) => [
      each(
        insert,
        bodies.map(({ position, app, item, format, payload }) => ({
          position,
          item_day: itemDay(item),
          app_no: app,
          item_id: item,
          format,
          payload,
        })),
      ),
    ],
    erase: (bodies) => [each(empty, bodies)],
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
