import { afterEach, beforeEach } from 'vitest';
import { assert } from '../../kernel/assert.js';
import type { StoragePorts } from '../../ports/storagePorts.js';
import { createWorld } from '../world.js';
import type { World } from '../world.js';

/** How a suite gets storage to test: each `make` answers empty storage of its own. */
export interface StorageHarness {
  make(): Promise<{
    readonly ports: StoragePorts;
    close(): Promise<void>;
    /** Lets the store's own time pass: moves its clock on, or waits. */
    pass(ms: number): Promise<void> | void;
  }>;
}

/** Gives each test of a suite a world on empty storage; answers how a test gets at it. */
export function useWorld(harness: StorageHarness): () => World {
  let world: World | undefined;
  let close: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const made = await harness.make();
    close = made.close;
    world = await createWorld(made.ports);
  });
  afterEach(async () => {
    await close?.();
    world = undefined;
  });
  return () => {
    assert(world !== undefined, 'a world is there while a test runs');
    return world;
  };
}

/** Every row of a list, page by page; fails when the list does not end. */
export async function allPages<T>(
  read: (from: string | undefined) => Promise<{ readonly entities: readonly T[]; readonly cursor?: string }>,
): Promise<readonly (readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  let from: string | undefined;
  do {
    const page = await read(from);
    pages.push(page.entities);
    from = page.cursor;
    assert(pages.length < 100, 'a list ends');
  } while (from !== undefined);
  return pages;
}
