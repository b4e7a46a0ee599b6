import { assert, itemIdOf, messageStream } from '@recalld/domain';
import type { ItemId, RecordedEvent, StoredContent, Unit } from '@recalld/domain';
import type { SqliteEngine } from '../engines/sqlite.js';
import { template } from '../statements.js';
import type { Streams } from './streams.js';

/** Writes bodies beside the log, and takes them away. */
export interface Contents {
  put(unit: Unit, recorded: readonly RecordedEvent[]): void;
  /** Empties the bodies in place: a row that is deleted may leave a copy behind, one that stays does not. */
  erase(unit: Unit): void;
}

export function createContents(engine: SqliteEngine, streams: Streams): Contents {
  const { db } = engine;
  const insert = engine.prepare(
    template<{ position: number; app: number; item: ItemId } & StoredContent>()((body) =>
      db.insertInto('bodies').values({
        position: body.position,
        app_no: body.app,
        item_id: body.item,
        format: body.format,
        payload: body.payload,
      }),
    ),
  );
  const erase = engine.prepare(
    template<{ position: number }>()(({ position }) =>
      db.updateTable('bodies').set({ payload: null }).where('position', '=', position),
    ),
  );
  return {
    put({ app, puts }, recorded) {
      for (const { event, content } of puts) {
        const carrier = recorded[event];
        const item = carrier && itemIdOf(carrier);
        assert(carrier !== undefined && item !== undefined, `event ${event} of the unit can have a body`);
        const { format, payload } = content;
        insert.run({ position: carrier.position, app, item, format, payload });
      }
    },
    erase(unit) {
      for (const item of unit.erase) {
        const sent = streams.of(unit.app, messageStream(item)).sent;
        if (sent !== undefined) erase.run({ position: sent.position });
      }
    },
  };
}
