import path from 'node:path';
import { createFixedClock, sampleInstant } from '@recalld/domain/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../engines/sqlite.js';
import type { SqliteEngine } from '../engines/sqlite.js';
import { migrate } from '../migrations/migrate.js';
import { sqliteSchemaTarget } from '../migrations/target.js';
import { temporaryFolder } from '../testing/folders.js';
import { createPositionBefore } from './positionBefore.js';

let folder: ReturnType<typeof temporaryFolder>;
let engine: SqliteEngine;

beforeEach(async () => {
  folder = temporaryFolder();
  engine = openSqlite(path.join(folder.dir, 'test.db'));
  await migrate(sqliteSchemaTarget(engine), createFixedClock(sampleInstant), undefined);
});

afterEach(async () => {
  await engine.close();
  folder.remove();
});

interface Row {
  readonly position: number;
  readonly at: number;
}

function write(rows: readonly Row[]): void {
  engine.transaction(() => {
    engine.run(engine.db.deleteFrom('events'));
    for (const { position, at } of rows) {
      const names = {
        stream: `s/${position}`,
        type: 'MessageExpired',
        data: '{}',
        actor: 'a',
        command_id: 'c',
      };
      const numbers = { position, stream_day: 0, app_no: 1, version: 1, occurred_at: at };
      engine.run(engine.db.insertInto('events').values({ ...names, ...numbers }));
    }
  });
}

describe('the position before an instant', () => {
  it('is the same as going through the log, whatever is missing in it', async () => {
    const positionBefore = createPositionBefore(engine);
    const steps = fc.array(fc.record({ skip: fc.nat(3), wait: fc.nat(2) }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(25), async (log, instant) => {
        let last: Row = { position: 0, at: 0 };
        const rows = log.map(({ skip, wait }) => {
          last = { position: last.position + 1 + skip, at: last.at + wait };
          return last;
        });
        write(rows);
        const earlier = rows.filter(({ at }) => at < instant);
        expect(await engine.read(() => positionBefore(instant))).toBe(earlier.at(-1)?.position ?? 0);
      }),
      { numRuns: 60 },
    );
  });
});
