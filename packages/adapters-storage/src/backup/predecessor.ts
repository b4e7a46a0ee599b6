import { assert, laterTypes } from '@recalld/domain';
import type { LaterEvent, LaterEvents, Log, Position, RecordedEvent, Secrets } from '@recalld/domain';
import type { Selectable } from 'kysely';
import type { Bodies } from '../bodies/bodies.js';
import { createContentSeal } from '../bodies/contentSeal.js';
import { createPlainBodies } from '../bodies/plainBodies.js';
import { createSealedBodies } from '../bodies/sealedBodies.js';

import { atPlace, keyKinds } from '../callbacks/deliveryRows.js';
import type { DeliveryKey, DeliveryRow } from '../callbacks/deliveryRows.js';
import { createSecrets } from '../directory/secrets.js';
import type { Reads } from '../engines/database.js';
import { openPostgres } from '../engines/postgres.js';
import { lastTaken } from '../engines/postgresPositions.js';
import { openSqliteReading } from '../engines/sqliteReading.js';
import { expectSchema } from '../migrations/migrate.js';
import { onPostgresSchema } from '../migrations/postgresTarget.js';
import { sqliteSchemaReads } from '../migrations/target.js';
import { createEventLog } from '../readers/eventLog.js';
import type { NodesTable } from '../schema.js';
import { each, rows } from '../steps.js';
import { lastEventOf } from './logEnd.js';
import type { LogEnd } from './logEnd.js';

/** A timeline as far as a store has counted; its app by name, for another store may number its apps otherwise. */
export interface CountedTimeline {
  readonly org: string;
  readonly app: string;
  readonly timeline: string;
  readonly head: number;
  readonly messages: number;
  readonly user_a: string | null;
  readonly user_b: string | null;
}

/** The store that went on after a copy of it was made; it is only looked at. */
export interface Predecessor extends LaterEvents {
  /** Why it is not the store that went on from a copy that ends so; undefined when it is. */
  refusal(copy: LogEnd): Promise<string | undefined>;
  /** Of its last event; undefined for an empty log. */
  end(): Promise<LogEnd | undefined>;
  /** No position above this one was given out. */
  lastPosition(): Promise<Position>;
  nodes(): Promise<readonly Pick<Selectable<NodesTable>, 'node_no' | 'last_second'>[]>;
  timelines(): AsyncIterable<readonly CountedTimeline[]>;
  /** Those of some deliveries that it still knows. */
  deliveries(keys: readonly DeliveryKey[]): Promise<readonly DeliveryRow[]>;
  close(): Promise<void>;
}

/** @throws SchemaTooNew, SchemaTooOld, or SQLite's own fault when there is no database */
export async function openSqlitePredecessor(databasePath: string): Promise<Predecessor> {
  const engine = openSqliteReading(databasePath);
  try {
    await expectSchema(sqliteSchemaReads(engine));
    const floor = engine.db.selectFrom('log_floor').select('position');
    return predecessorOn({
      reads: engine,
      bodies: createPlainBodies(engine),
      lastTaken: async () => engine.run(floor)[0]?.position ?? 0,
      close: () => engine.close(),
    });
  } catch (fault) {
    await engine.close();
    throw fault;
  }
}

export interface PostgresPredecessorOptions {
  /** `postgres://…`; holds credentials, never logged. */
  readonly url: string;
  readonly log: Log;
  /** As of a storage; called once. */
  readonly contentKey: (secrets: Secrets) => Promise<Uint8Array>;
}

/** @throws SchemaTooNew, SchemaTooOld, Unavailable */
export async function openPostgresPredecessor(options: PostgresPredecessorOptions): Promise<Predecessor> {
  const { url, log, contentKey } = options;
  const engine = openPostgres({ url, log });
  try {
    await onPostgresSchema(url, log, (target) => expectSchema(target));
    const seal = createContentSeal(await contentKey(createSecrets(engine)));
    return predecessorOn({
      reads: engine,
      bodies: createSealedBodies(engine, seal),
      lastTaken: async () => {
        const [taken] = await engine.read(() => rows(lastTaken));
        return taken?.position ?? 0;
      },
      close: () => engine.close(),
    });
  } catch (fault) {
    await engine.close();
    throw fault;
  }
}

const pageRows = 1_000;

interface PredecessorParts {
  readonly reads: Reads;
  readonly bodies: Bodies;
  /** The last position that was given out, whether it came to an event or not. */
  readonly lastTaken: () => Promise<Position>;
  readonly close: () => Promise<void>;
}

function predecessorOn({ reads, bodies, lastTaken, close }: PredecessorParts): Predecessor {
  const { db } = reads;
  const log = createEventLog(reads);
  const deliveryOf = reads.statements.select<DeliveryKey>(keyKinds)((key) =>
    db
      .selectFrom('deliveries')
      .selectAll()
      .where((e) => atPlace(e, key)),
  );

  async function appKeys(): Promise<ReadonlyMap<number, { readonly org: string; readonly app: string }>> {
    const apps = await db.selectFrom('apps').select(['app_no', 'org', 'name']).execute();
    return new Map(apps.map(({ app_no, org, name }) => [app_no, { org, app: name }]));
  }

  async function toLater(events: readonly RecordedEvent[]): Promise<readonly LaterEvent[]> {
    const apps = await appKeys();
    const later: LaterEvent[] = [];
    for (const event of events) {
      if (!isLater(event)) continue;
      const key = apps.get(event.app);
      assert(key !== undefined, `the event at ${event.position} has an app`);
      const recallId = event.type === 'MessageRecalled' ? event.data.recallId : undefined;
      const found = recallId === undefined ? undefined : await bodies.read(event.app, [recallId]);
      later.push({ ...key, position: event.position, event, extension: found?.get(recallId ?? '') ?? null });
    }
    return later;
  }

  return {
    async refusal(copy) {
      const end = await lastEventOf(reads);
      if (end === undefined || end.position < copy.position) return 'its log ends before the copy does';
      const same = await lastEventOf(reads, copy.position);
      const differs = same?.position === copy.position && same.commandId !== copy.commandId;
      return differs ? 'it is not the store that the copy was made of' : undefined;
    },
    end: () => lastEventOf(reads),
    async lastPosition() {
      const end = await lastEventOf(reads);
      return Math.max(end?.position ?? 0, await lastTaken());
    },
    nodes: () => db.selectFrom('nodes').select(['node_no', 'last_second']).execute(),
    async *timelines() {
      for (let after = 0; ;) {
        const page = await db
          .selectFrom('timelines as t')
          .innerJoin('apps as a', 'a.app_no', 't.app_no')
          .select(['a.org', 'a.name as app', 't.timeline_no', 't.timeline', 't.head', 't.messages'])
          .select(['t.user_a', 't.user_b'])
          .where('t.timeline_no', '>', after)
          .orderBy('t.timeline_no')
          .limit(pageRows)
          .execute();
        if (page.length === 0) return;
        yield page;
        after = page.at(-1)?.timeline_no ?? after;
      }
    },
    deliveries: (keys) => reads.read(() => rows(each(deliveryOf, keys))),
    async *after(position) {
      for (let from = position; ;) {
        const { events, through } = await log.read({ after: from, limit: pageRows, types: laterTypes });
        if (through === from) return;
        from = through;
        yield await toLater(events);
      }
    },
    close,
  };
}

function isLater(event: RecordedEvent): event is RecordedEvent & LaterEvent['event'] {
  return laterTypes.some((type) => type === event.type);
}
