import { createEmbeddedSignals } from '@recalld/adapters-callbacks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLiveWorker } from './liveWorker.js';
import type { Worker } from './workers.js';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
/** None within a test. */
const never = 1_000_000;

/** A worker over a log with so many looks in it; `looks` counts all of them. */
function given(sweepIntervalMs: number) {
  const signals = createEmbeddedSignals(log);
  let waiting = 0;
  let looks = 0;
  const step = async () => {
    looks += 1;
    waiting = Math.max(0, waiting - 1);
    return waiting > 0;
  };
  worker = createLiveWorker({ live: { step }, signals, log, sweepIntervalMs });
  return {
    signals,
    looks: () => looks,
    record: (more: number) => (waiting = more),
    waiting: () => waiting,
  };
}

let worker: Worker | undefined;
afterEach(() => worker?.stop(1_000));

describe('the worker that tells connected clients', () => {
  it('given a signal, then it looks until there is no more', async () => {
    const { signals, record, waiting, looks } = given(never);
    worker?.start();
    await vi.waitFor(() => expect(looks()).toBe(1));
    record(5);

    signals.announce(['liveNews']);

    await vi.waitFor(() => expect(waiting()).toBe(0));
  });

  it('given no signal, then it looks all the same', async () => {
    const { record, waiting, looks } = given(5);
    worker?.start();
    await vi.waitFor(() => expect(looks()).toBeGreaterThan(1));
    record(1);
    await vi.waitFor(() => expect(waiting()).toBe(0));
  });

  it('given other signals, then they are none of its business', async () => {
    const { signals, looks } = given(never);
    worker?.start();
    await vi.waitFor(() => expect(looks()).toBe(1));

    signals.announce(['deliveriesDue', 'eventsRecorded']);
    signals.announce(['liveNews']);

    await vi.waitFor(() => expect(looks()).toBe(2));
  });

  it('given a stop amid a log without end, then it ends after the look under way', async () => {
    const { record, looks } = given(never);
    record(Infinity);
    worker?.start();
    await vi.waitFor(() => expect(looks()).toBeGreaterThan(10));

    await worker?.stop(60_000);

    const before = looks();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(looks()).toBe(before);
  });
});
