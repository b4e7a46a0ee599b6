import { mintedAt, Unavailable } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPostgres } from '../engines/postgres.js';
import type { PostgresEngine } from '../engines/postgres.js';
import { postgresAvailable } from '../testing/postgres.js';
import { openTestStorage } from '../testing/postgresStorage.js';
import { DatabaseClock, steadyClock } from './databaseClock.js';
import { leaseNode } from './nodeLease.js';
import type { NodeLease } from './nodeLease.js';

let engine: PostgresEngine;
let remove: () => Promise<void>;
const leases: NodeLease[] = [];
const nodeOf = (id: string) => Number((BigInt(id) >> 22n) & 1023n);

async function lease(
  owner: string,
  clock = new DatabaseClock({ now: () => Date.now() }),
): Promise<NodeLease> {
  const leased = await leaseNode({ database: engine, clock, owner, log: undefined });
  leases.push(leased);
  return leased;
}

const nodeRows = () =>
  engine.run('select node_no, owner, lease_until, last_second from nodes order by node_no');

describe.skipIf(!postgresAvailable)('node numbers', () => {
  beforeEach(async () => {
    const opened = await openTestStorage();
    engine = openPostgres({ url: opened.url, log: undefined });
    remove = opened.remove;
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(leases.splice(0).map((each) => each.close()));
    await engine.close();
    await remove();
  });

  it('are different for nodes that start at the same moment', async () => {
    const nodes = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((owner) => lease(owner)));
    const ids = nodes.flatMap(({ ids: source }) => Array.from({ length: 50 }, () => source.next()));
    expect(new Set(ids.map(nodeOf)).size).toBe(5);
    expect(new Set(ids).size).toBe(250);
  });

  it('race, restart and second: a number that was given back goes on after its last id', async () => {
    const first = await lease('a');
    const last = first.ids.next();
    const no = nodeOf(last);
    await first.close();
    await engine.run(`delete from nodes where node_no <> ${no}`);
    await expect
      .poll(
        async () => {
          const next = await lease('b');
          const id = next.ids.next();
          await next.close();
          return nodeOf(id) === no && BigInt(id) > BigInt(last);
        },
        { timeout: 5_000 },
      )
      .toBe(true);
  });

  it('of a dead node are not taken before all seconds that it may have used are over', async () => {
    const dead = await lease('dead');
    const no = nodeOf(dead.ids.next());
    await engine.run(`update nodes set lease_until = 0 where node_no = ${no}`);
    const next = await lease('next');
    expect(nodeOf(next.ids.next())).not.toBe(no);
  });

  it('are not used by a process that stood still for longer than its lease', async () => {
    const node = await lease('a');
    node.ids.next();
    const real = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => real() + 16_000);
    expect(() => node.ids.next()).toThrow(Unavailable);
  });

  it('mint in the database’s time, whatever this machine’s clock says', async () => {
    const clock = new DatabaseClock({ now: () => Date.now() - 3_600_000 });
    const node = await lease('late', clock);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(2_000);
    expect(Math.abs(mintedAt(node.ids.next()) - Date.now())).toBeLessThan(3_000);
  });

  it('are free at once when a node ends in order', async () => {
    const node = await lease('a');
    const no = nodeOf(node.ids.next());
    await node.close();
    const row = (await nodeRows()).find(({ node_no: each }) => each === no);
    expect(row).toMatchObject({ owner: null, lease_until: 0 });
    expect(() => node.ids.next()).toThrow(Unavailable);
  });
});

describe('the database’s clock', () => {
  it('follows what the database says, by the middle of the way there and back', () => {
    let now = 1_000_000;
    const clock = new DatabaseClock({ now: () => now });
    clock.follow(1_005_000, 1_000_000, 1_000_100);
    expect(clock.now()).toBe(1_004_950);
    now += 500;
    expect(clock.now()).toBe(1_005_450);
  });

  it('stays where it is when the difference is less than the answer’s own way', () => {
    const clock = new DatabaseClock({ now: () => 1_000_000 });
    clock.follow(1_000_015, 1_000_000, 1_000_000);
    expect(clock.now()).toBe(1_000_000);
    clock.follow(1_000_800, 1_000_000, 1_002_000);
    expect(clock.now()).toBe(1_000_000);
  });

  it('stays where it is when this machine’s clock is put forward or back', () => {
    const before = steadyClock.now();
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
    vi.spyOn(Date, 'now').mockReturnValue(before + 3_600_000);
    const after = steadyClock.now();
    vi.restoreAllMocks();
    expect(after - before).toBeLessThan(60_000);
    expect(Number.isInteger(after)).toBe(true);
  });
});

describe.skipIf(!postgresAvailable)('a node that is told no clock', () => {
  it('does not notice when this machine’s is put forward', async () => {
    const { storage, remove } = await openTestStorage();
    const before = storage.clock.now();
    vi.spyOn(Date, 'now').mockReturnValue(before + 3_600_000);
    const after = storage.clock.now();
    vi.restoreAllMocks();
    await remove();
    expect(after - before).toBeLessThan(60_000);
  });
});
