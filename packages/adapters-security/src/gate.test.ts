import { Overloaded } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { createGate } from './gate.js';

/** Work that ends when it is told to. */
function work() {
  let end = () => {};
  let started = false;
  const done = new Promise<void>((resolve) => (end = resolve));
  return {
    run: () => ((started = true), done),
    end: () => end(),
    started: () => started,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a gate', () => {
  it('lets so many in at once and the next one when one leaves', async () => {
    const gate = createGate(2, 10);
    const [a, b, c] = [work(), work(), work()];
    const all = [a, b, c].map(({ run }) => gate.run(run));
    await turn();
    expect([a, b, c].map(({ started }) => started())).toEqual([true, true, false]);

    a.end();
    await turn();
    expect(c.started()).toBe(true);
    b.end();
    c.end();
    await Promise.all(all);
  });

  it('refuses who would wait too long', async () => {
    const gate = createGate(1, 1);
    const [a, b] = [work(), work()];
    const first = gate.run(a.run);
    const second = gate.run(b.run);
    await expect(gate.run(() => Promise.resolve())).rejects.toThrow(Overloaded);
    a.end();
    b.end();
    await Promise.all([first, second]);
  });

  it('goes on after work that failed', async () => {
    const gate = createGate(1, 1);
    await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(() => Promise.resolve('yes'))).toBe('yes');
  });
});
