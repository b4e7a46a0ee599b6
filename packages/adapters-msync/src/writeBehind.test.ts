import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { createWriteBehind } from './writeBehind.js';
import type { WriteBehindDeps } from './writeBehind.js';

/** Each batch waits until the test lets it go, and says what becomes of it. */
function givenStore(change: Partial<WriteBehindDeps<string>> = {}) {
  const batches: { readonly values: readonly string[]; readonly end: (fault?: Error) => void }[] = [];
  const faults: unknown[] = [];
  const written = createWriteBehind<string>({
    write: (values) =>
      new Promise((resolve, reject) => {
        batches.push({ values, end: (fault) => (fault === undefined ? resolve() : reject(fault)) });
      }),
    gatherMs: 1,
    againMs: 1,
    waitingMax: 100,
    batchMax: 10,
    onFault: (fault) => faults.push(fault),
    ...change,
  });
  const begun = (count: number) => vi.waitFor(() => expect(batches).toHaveLength(count));
  return { written, batches, faults, begun };
}

it('writes what is put in one batch, the last value of each name', async () => {
  const { written, batches, begun } = givenStore();
  written.put('a', 'a1');
  written.put('b', 'b1');
  written.put('a', 'a2');

  await begun(1);

  expect(batches[0]?.values).toEqual(['b1', 'a2']);
  expect(written.get('a')).toBe('a2');
  batches[0]?.end();
  await vi.waitFor(() => expect(written.get('a')).toBeUndefined());
});

it('a flush does not wait for what others put meanwhile', async () => {
  const { written, batches, begun } = givenStore();
  let others = 0;
  const putByOthers = () => written.put(`other ${(others += 1)}`, 'later');
  putByOthers();
  await begun(1);
  written.put('own', 'mine');
  const flushed = written.flush();

  // One more comes during each write.
  for (const batch of [0, 1]) {
    await begun(batch + 1);
    putByOthers();
    batches[batch]?.end();
  }

  expect(await flushed).toBe(true);
  expect(batches[1]?.values).toContain('mine');
  expect(written.get(`other ${others}`)).toBe('later');
});

it('a flush of more than one batch writes all of them', async () => {
  const { written, batches } = givenStore({ write: async () => undefined, batchMax: 2 });
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) written.put(name, name);

  expect(await written.flush()).toBe(true);

  expect(names.map((name) => written.get(name))).toEqual(names.map(() => undefined));
  expect(batches).toEqual([]);
});

it('what could not be written is written again, unless a newer value took its place', async () => {
  const { written, batches, faults, begun } = givenStore();
  written.put('a', 'a1');
  written.put('b', 'b1');
  const flushed = written.flush();
  await begun(1);
  written.put('a', 'a2');
  batches[0]?.end(new Error('gone'));

  expect(await flushed).toBe(false);
  await begun(2);

  expect(batches[1]?.values).toEqual(['b1', 'a2']);
  expect(faults).toHaveLength(1);
  batches[1]?.end();
});

it('given more than may wait, then the oldest is given up', async () => {
  const { written, batches } = givenStore({ waitingMax: 2 });
  for (const name of ['a', 'b', 'c']) written.put(name, name);

  void written.flush();

  expect(batches[0]?.values).toEqual(['b', 'c']);
  batches[0]?.end();
});

it('a store that fails is left alone after a stop', async () => {
  const { written, batches, begun } = givenStore();
  written.put('a', 'a1');
  const flushed = written.flush();
  await begun(1);
  written.stop();
  batches[0]?.end(new Error('closed'));
  written.put('b', 'b1');
  await flushed;

  await pause(20);

  expect(batches).toHaveLength(1);
});
