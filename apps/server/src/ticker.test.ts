import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTicker } from './ticker.js';
import type { TickerOptions } from './ticker.js';

const log = { debug: () => undefined, info: () => undefined, warn: vi.fn(), error: vi.fn() };

describe('a ticker', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function given(run: TickerOptions['run']) {
    return createTicker({ name: 'test', run, intervalMs: 5_000, gapMs: 100, log });
  }

  it('given nothing more to do, then it runs at its interval', async () => {
    const run = vi.fn(() => Promise.resolve(false));
    given(run).start();
    await vi.advanceTimersByTimeAsync(10_001);
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('given more to do, then it goes on after the gap', async () => {
    const run = vi.fn().mockResolvedValueOnce(true).mockResolvedValue(false);
    given(run).start();
    await vi.advanceTimersByTimeAsync(101);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('given many hints at once, then it runs once, soon', async () => {
    const run = vi.fn(() => Promise.resolve(false));
    const ticker = given(run);
    ticker.start();
    await vi.advanceTimersByTimeAsync(1);
    for (let hint = 0; hint < 50; hint += 1) ticker.wake();
    await vi.advanceTimersByTimeAsync(101);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('given a run that fails, then it is logged and tried again', async () => {
    const run = vi.fn().mockRejectedValueOnce(new Error('disk')).mockResolvedValue(false);
    given(run).start();
    await vi.advanceTimersByTimeAsync(5_001);
    expect(run).toHaveBeenCalledTimes(2);
    expect(log.error).toHaveBeenCalledOnce();
  });

  it('given a stop, then the run under way ends first and no other begins', async () => {
    let finish = (_more: boolean) => undefined as void;
    const run = vi.fn(() => new Promise<boolean>((resolve) => (finish = resolve)));
    const ticker = given(run);
    ticker.start();
    await vi.advanceTimersByTimeAsync(1);
    let stopped = false;
    const stopping = ticker.stop(1_000).then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toBe(false);
    finish(true);
    await stopping;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('given a stop, then a run under way is told to end, and waited for no longer than that', async () => {
    const asked: boolean[] = [];
    const run = vi.fn(async (goOn: () => boolean) => {
      asked.push(goOn());
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      asked.push(goOn());
      throw new Error('the store is closed');
    });
    const ticker = given(run);
    ticker.start();
    await vi.advanceTimersByTimeAsync(1);
    const stopped = vi.fn();
    void ticker.stop(1_000).then(stopped);
    await vi.advanceTimersByTimeAsync(999);
    expect(stopped).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toHaveBeenCalledOnce();

    log.error.mockClear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([true, false]);
    expect(run).toHaveBeenCalledTimes(1);
    expect(log.error).not.toHaveBeenCalled();
    expect(log.warn).toHaveBeenCalledOnce();
  });
});
