import type { AppNo, ContentFormat, ItemId, Position, StoredContent } from '@recalld/domain';
import { sql } from 'kysely';
import type { Database } from '../engines/database.js';
import type { SqlQuery } from '../statements.js';
import { each } from '../steps.js';
import type { Bodies, ErasedBody } from './bodies.js';
import { bodyInsertion, itemDay } from './bodies.js';
import type { ContentSeal } from './contentSeal.js';
import { deletingKeys } from './erasedKeys.js';
import { keyPiece } from './keyPieces.js';

// A partition that a query cannot leave out is locked by it: days and pieces are named beside the exact match,
// and the statements are planned for their values. So what rewrites or drops one of them holds up no other.

const deleteKeys = `
  delete from body_keys k using unnest($1::bigint[], $2::bigint[]) as given(position, day)
  where k.position = given.position and k.item_day = given.day and k.item_day = any($3::bigint[])
    and k.piece = any($4::bigint[])`;

const emptyBodies = `
  update bodies b set payload = null from unnest($1::bigint[], $2::bigint[]) as given(position, day)
  where b.position = given.position and b.item_day = given.day and b.item_day = any($3::bigint[])`;

interface StoredBody {
  readonly position: Position;
  readonly item_id: ItemId;
  readonly format: ContentFormat;
  readonly payload: Uint8Array;
  readonly wrapped: Uint8Array;
}

/**
 * Bodies as ciphertext, each under a key of its own in another table. A recall deletes the key and
 * empties the body; the table of the keys is written anew later: a deleted row stays in its file until then.
 */
export function createSealedBodies(database: Database, seal: ContentSeal): Bodies {
  const { db, statements } = database;
  const insertBody = bodyInsertion(statements);
  const insertKey = statements.insert('body_keys', {
    position: 'whole',
    item_day: 'whole',
    piece: 'whole',
    wrapped: 'bytes',
  });

  return {
    put(bodies) {
      const rows = bodies.map(({ position, app, item, format, payload }) => {
        const { sealed, wrapped } = seal.seal(payload, placeOf(app, item, position, format));
        const key = { position, item_day: itemDay(item) };
        return {
          body: { ...key, app_no: app, item_id: item, format, payload: sealed },
          key: { ...key, piece: keyPiece(item), wrapped },
        };
      });
      return [
        each(
          insertBody,
          rows.map(({ body }) => body),
        ),
        each(
          insertKey,
          rows.map(({ key }) => key),
        ),
      ];
    },
    erase: (bodies) => erasing(bodies),
    async read(app, items) {
      const found = new Map<ItemId, StoredContent>();
      if (items.length === 0) return found;
      const days = distinct(items.map(itemDay));
      const pieces = distinct(items.map(keyPiece));
      const { rows } = await sql<StoredBody>`
        select b.position, b.item_id, b.format, b.payload, k.wrapped
        from bodies b join body_keys k on k.position = b.position and k.item_day = b.item_day
        where b.app_no = ${app} and b.item_id = any(${items}::text[]) and b.payload is not null
          and b.item_day = any(${days}::bigint[]) and k.item_day = any(${days}::bigint[])
          and k.piece = any(${pieces}::bigint[])`.execute(db);
      for (const { position, item_id: item, format, payload: sealed, wrapped } of rows) {
        const payload = seal.open({ sealed, wrapped }, placeOf(app, item, position, format));
        found.set(item, { format, payload });
      }
      return found;
    },
  };
}

/** What a ciphertext is bound to. */
function placeOf(app: AppNo, item: ItemId, position: Position, format: ContentFormat): string {
  return `body/${app}/${item}/${position}/${format}`;
}

/** After these nobody can read the bodies any more. */
export function erasing(bodies: readonly Pick<ErasedBody, 'position' | 'item'>[]): readonly SqlQuery[] {
  if (bodies.length === 0) return [];
  const days = bodies.map(({ item }) => itemDay(item));
  const places = [bodies.map(({ position }) => position), days, distinct(days)];
  const pieces = distinct(bodies.map(({ item }) => keyPiece(item)));
  return [deletingKeys(deleteKeys, [...places, pieces]), { sql: emptyBodies, parameters: places }];
}

/** In order: whoever writes the same rows takes them in the same order. */
function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
