import { appSample, groupSample } from '@recalld/domain/testing';
import type { Kysely, KyselyPlugin } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPostgres } from '../engines/postgres.js';
import { openSqliteReading } from '../engines/sqliteReading.js';
import type { Schema } from '../schema.js';
import { databaseFileName } from '../sqliteStorage.js';
import { postgresStore, sqliteStore } from '../testing/engines.js';
import type { TestStore } from '../testing/engines.js';
import { postgresAvailable } from '../testing/postgres.js';
import { createMembersNow } from './membersNow.js';

const group = (id: string) => ({ kind: 'groupchat', id }) as const;

describe('who is in a chat now, on SQLite', () => describeMembersNow(sqliteStore));
describe.skipIf(!postgresAvailable)('who is in a chat now, on PostgreSQL', () =>
  describeMembersNow(postgresStore),
);

function describeMembersNow(open: () => Promise<TestStore>): void {
  let store: TestStore;
  /** Connected past the storage's own ports, so that its queries can be counted. */
  let own: { readonly db: Kysely<Schema>; close(): Promise<void> };
  let asked: number;
  let app: number;

  beforeEach(async () => {
    store = await open();
    const created = await store.nodes[0].apps.create(appSample());
    if (typeof created !== 'object') throw new Error('the storage is empty');
    app = created.no;
    own =
      store.kind === 'sqlite'
        ? openSqliteReading(`${store.place}/${databaseFileName}`)
        : openPostgres({ url: store.place, log: undefined });
    asked = 0;
    for (const id of ['g1', 'g2']) {
      await store.nodes[0].chats.create(groupSample(app, id, { owner: 'u1' }), ['u2', 'u3']);
    }
  });
  afterEach(async () => {
    await own.close();
    await store.close();
  });

  const counting: KyselyPlugin = {
    transformQuery({ node }) {
      asked += 1;
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const membersNow = (remembered?: number) => createMembersNow(own.db.withPlugin(counting), remembered);
  /** How many queries the work makes. */
  async function queriesOf(work: () => Promise<unknown>): Promise<number> {
    const before = asked;
    await work();
    return asked - before;
  }

  it('given that nobody came or left, then one row is looked at, not the members', async () => {
    const now = membersNow();
    expect(await queriesOf(() => now(app, group('g1')))).toBe(2);

    expect(await queriesOf(() => now(app, group('g1')))).toBe(1);

    expect(await now(app, group('g1'))).toEqual(new Set(['u1', 'u2', 'u3']));
  });

  it('given whoever changes it, on whichever node, then the next question hears of it', async () => {
    const now = membersNow();
    const [one, two] = store.nodes;
    await now(app, group('g1'));

    await two.chats.addMembers(app, group('g1'), ['u4', 'u5']);
    expect(await now(app, group('g1'))).toEqual(new Set(['u1', 'u2', 'u3', 'u4', 'u5']));
    await one.chats.removeMembers(app, group('g1'), ['u2', 'u5']);
    expect(await now(app, group('g1'))).toEqual(new Set(['u1', 'u3', 'u4']));
    await two.chats.remove(app, group('g1'));
    expect(await now(app, group('g1'))).toEqual(new Set());
  });

  it('given a chat that was removed and made again, then its members are the new one’s', async () => {
    const now = membersNow();
    await now(app, group('g1'));
    const [one] = store.nodes;
    await one.chats.remove(app, group('g1'));
    const again = groupSample(app, 'g1', { owner: 'u7' });

    await one.chats.create({ ...again, createdAt: again.createdAt + 1 }, ['u8', 'u9']);

    expect(await now(app, group('g1'))).toEqual(new Set(['u7', 'u8', 'u9']));
  });

  it('given more members than are remembered, then the chat that was asked for longest ago is forgotten', async () => {
    // Both chats with their three members are eight.
    const [all, fewer] = [membersNow(8), membersNow(7)];
    for (const now of [all, fewer]) {
      await now(app, group('g1'));
      await now(app, group('g2'));
    }

    expect(await queriesOf(() => all(app, group('g1')))).toBe(1);
    expect(await queriesOf(() => fewer(app, group('g2')))).toBe(1);
    expect(await queriesOf(() => fewer(app, group('g1')))).toBe(2);
    expect(await queriesOf(() => fewer(app, group('g2')))).toBe(2);
  });
}
