import path from 'node:path';
import { groupSample } from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../engines/sqlite.js';
import { sqliteDatabase } from '../engines/sqliteDatabase.js';
import type { Database } from '../engines/database.js';
import { databaseFileName } from '../sqliteStorage.js';
import type { Answer, Steps } from '../steps.js';
import { sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { createChats } from './chats.js';

const group = { kind: 'groupchat', id: 'g1' } as const;

/** A database that counts the rows that its writes are handed. */
function counting(database: Database, count: (rows: number) => void): Database {
  function* counted<T>(steps: Steps<T>): Steps<T> {
    const nothing: Answer = { rows: [], changes: 0 };
    let step = steps.next(nothing);
    while (step.done !== true) {
      const answer = yield step.value;
      for (const { rows } of answer.answers ?? [answer]) count(rows.length);
      step = steps.next(answer);
    }
    return step.value;
  }
  return { ...database, write: (work) => database.write(() => counted(work())) };
}

let store: TestStore;
beforeEach(async () => {
  store = await sqliteStore();
});
afterEach(() => store.close());

describe('joining a large group', () => {
  it('reads those who join, however many are in it', async () => {
    const members = Array.from({ length: 500 }, (_, n) => `u${n}`);
    await store.nodes[0].chats.create(groupSample(1, group.id, { membersMax: 1_000 }), members);
    const engine = openSqlite(path.join(store.place, databaseFileName));
    const nextTurn = () => Promise.resolve();
    let rows = 0;
    const database = counting(sqliteDatabase({ engine, nextTurn, onCommit: () => undefined }), (more) => {
      rows += more;
    });

    expect(await createChats(database).addMembers(1, group, ['u1', 'new'])).toEqual(['new']);

    expect(rows).toBeLessThan(10);
    await engine.close();
  });
});
