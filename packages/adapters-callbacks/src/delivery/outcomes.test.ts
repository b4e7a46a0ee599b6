import type { SettledDelivery } from '@recalld/domain';
import { createFixedClock } from '@recalld/domain/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../testing/until.js';
import { Outcomes } from './outcomes.js';

const outcome = (id: string): SettledDelivery => ({
  id,
  owner: 'worker',
  state: { status: 'delivered', attempts: 1 },
});

/** Outcomes on their way to a store that takes a transaction only when nothing in it is refused. */
function given(refuses: (id: string) => boolean) {
  const tried: string[][] = [];
  const written: string[] = [];
  const dropped: string[] = [];
  const logged: object[] = [];
  const silent = () => undefined;
  const outcomes = new Outcomes({
    queue: {
      settle: async (settled) => {
        const ids = settled.map(({ id }) => id);
        tried.push(ids);
        if (ids.some(refuses)) throw new Error('the store does not take this');
        return { released: false, healthChanged: false };
      },
    },
    clock: createFixedClock(0),
    log: { debug: silent, info: silent, warn: silent, error: (fields) => logged.push(fields) },
    gatherMs: 1,
    onWritten: (settled) => written.push(...settled.map(({ id }) => id)),
    onDropped: ({ id }) => dropped.push(id),
  });
  onTestFinished(() => outcomes.close());
  return { outcomes, tried, written, dropped, logged };
}

describe('outcomes', () => {
  it('are written together, in order', async () => {
    const { outcomes, tried } = given(() => false);
    outcomes.add(['a', 'b'].map(outcome));
    outcomes.add(['c'].map(outcome));
    await outcomes.flush();

    expect(tried).toEqual([['a', 'b', 'c']]);
  });

  it('are written beside one that the store never takes, which is dropped after a few tries', async () => {
    const { outcomes, tried, written, dropped, logged } = given((id) => id === 'bad');
    const all = ['a', 'bad', 'c', 'd'];
    outcomes.add(all.map(outcome));
    await outcomes.flush();

    expect([written, dropped]).toEqual([['a', 'c', 'd'], ['bad']]);
    expect(tried).toEqual([all, all, ['a'], ['bad'], ['c'], ['d'], ['bad'], ['bad']]);
    expect(logged).toContainEqual({ err: new Error('the store does not take this'), delivery: 'bad' });

    outcomes.add(['e'].map(outcome));
    await outcomes.flush();
    expect(written).toEqual(['a', 'c', 'd', 'e']);
  });

  it('are all kept while the store takes none, and written when it does', async () => {
    let isAway = true;
    const { outcomes, tried, written, dropped } = given(() => isAway);
    const all = ['a', 'b', 'c'];
    outcomes.add(all.map(outcome));
    await until(
      'they were tried several times',
      () => tried.filter(({ length }) => length === 3).length >= 4,
    );
    expect([written, dropped]).toEqual([[], []]);

    isAway = false;
    await outcomes.flush();

    expect([written.toSorted(), dropped]).toEqual([all, []]);
  });

  it('that fail alone wait until others tell a bad one from a store that is away', async () => {
    const { outcomes, tried, written, dropped } = given((id) => id === 'bad');
    outcomes.add(['bad'].map(outcome));
    await until('it was tried several times', () => tried.length >= 5);
    expect(dropped).toEqual([]);

    outcomes.add(['a', 'b'].map(outcome));
    await outcomes.flush();

    expect([written, dropped]).toEqual([['a', 'b'], ['bad']]);
  });

  it('that are refused in great number keep no others either', async () => {
    const { outcomes, written } = given((id) => id.startsWith('bad'));
    outcomes.add(Array.from({ length: 500 }, (_, n) => outcome(`bad ${n}`)));
    outcomes.add(['a'].map(outcome));

    await until('the other one is written', () => written.length === 1);
  });
});
