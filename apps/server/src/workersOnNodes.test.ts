import { limits } from '@recalld/domain';
import type { StoragePorts } from '@recalld/domain';
import {
  createMemoryAttachmentBytes,
  createMemorySignals,
  createMemoryStorage,
  createWorld,
} from '@recalld/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWorkers } from './workers.js';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
/** Longer than hints are gathered, shorter than the sweep. */
const soonMs = 500;
const choreMs = 1_000;

/** A store that a node may lose sight of. */
function reachable(storage: StoragePorts) {
  const node = { away: false };
  const { leases } = storage;
  const guarded = <T>(work: () => Promise<T>) => (node.away ? new Promise<T>(() => undefined) : work());
  const ports: StoragePorts = {
    ...storage,
    // Of this node's own, to be spied on.
    redeliveries: { ...storage.redeliveries },
    leases: {
      take: (...asked) => guarded(() => leases.take(...asked)),
      release: (...asked) => guarded(() => leases.release(...asked)),
    },
  };
  return { node, ports };
}

describe('the workers of several nodes', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    log.warn.mockClear();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    expect(log.error).not.toHaveBeenCalled();
  });

  /** Nodes on one store, each with a chore of the storage's that writes down who did it. */
  async function given() {
    const world = await createWorld(createMemoryStorage());
    const signals = createMemorySignals();
    const done: string[] = [];
    function startNode(name: string, run = () => Promise.resolve(false)) {
      const { node, ports: storage } = reachable(world.ports);
      const chore = {
        name: 'tidy up',
        intervalMs: choreMs,
        run: () => {
          done.push(name);
          return run();
        },
      };
      const workers = createWorkers({
        storage,
        upkeep: [chore],
        bytes: createMemoryAttachmentBytes(),
        loop: world.loop,
        clock: world.clock,
        signals,
        log,
        attachmentRetentionMs: null,
        deliveryRetentionMs: null,
      });
      workers.start();
      return { node, workers, storage };
    }
    const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
    const doneIn = async (ms: number) => {
      done.length = 0;
      await pass(ms);
      return [...new Set(done)];
    };
    return { startNode, pass, doneIn, signals };
  }

  it('given two, then one of them does everything, at once', async () => {
    const { startNode, doneIn } = await given();
    startNode('a');
    startNode('b');

    expect(await doneIn(soonMs)).toEqual(['a']);
    expect(await doneIn(60_000)).toEqual(['a']);
  });

  it('given a clean stop, then the other one goes on within seconds', async () => {
    const { startNode, doneIn, pass } = await given();
    const a = startNode('a');
    startNode('b');
    await pass(10_000);

    await a.workers.stop(1_000);

    expect(await doneIn(limits.workLeaseAskMs + soonMs)).toEqual(['b']);
  });

  it('given that the holder cannot reach the store, then it ends its work before the other one begins', async () => {
    const { startNode, doneIn, pass } = await given();
    const a = startNode('a');
    startNode('b');
    await pass(10_000);
    a.node.away = true;

    const order = await doneIn(30_000);

    expect(order).toEqual(['a', 'b']);
    expect(await doneIn(30_000)).toEqual(['b']);
  });

  it('given a holder that was stopped for a minute, then it starts nothing when it goes on', async () => {
    const { startNode, doneIn, pass } = await given();
    const a = startNode('a');
    await pass(10_000);
    a.node.away = true;
    // Time goes by while no timer of the process runs.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);

    expect(await doneIn(10_000)).toEqual([]);
  });

  it('given work in several parts, then it ends when the lease is over', async () => {
    const { startNode, pass } = await given();
    const a = startNode('a');
    const step = vi.spyOn(a.storage.redeliveries, 'step').mockResolvedValue({ more: true, queued: false });
    await pass(10_000);
    expect(step.mock.calls.length).toBeGreaterThan(10);
    a.node.away = true;
    await pass(limits.workLeaseMs);
    step.mockClear();

    await pass(10_000);

    expect(step).not.toHaveBeenCalled();
  });

  it('given a signal, then the holder does the work, and no other node', async () => {
    const { startNode, pass, signals } = await given();
    const a = startNode('a');
    const b = startNode('b');
    await pass(soonMs);
    const [holders, others] = [a, b].map(({ storage }) => vi.spyOn(storage.redeliveries, 'step'));

    signals.announce(['redeliveriesStarted']);
    await pass(soonMs);

    expect(holders).toHaveBeenCalledOnce();
    expect(others).not.toHaveBeenCalled();
  });

  it('given a stop while the store hangs, then it takes no longer than it may, and says what is left', async () => {
    const { startNode, pass } = await given();
    const a = startNode('a');
    await pass(soonMs);
    a.node.away = true;
    const stopped = vi.fn();

    void a.workers.stop(3_000).then(stopped);
    await pass(2_999);
    expect(stopped).not.toHaveBeenCalled();
    await pass(1);

    expect(stopped).toHaveBeenCalledOnce();
  });
});
