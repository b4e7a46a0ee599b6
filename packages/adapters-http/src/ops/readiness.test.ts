import { describe, expect, it } from 'vitest';
import { readReadiness } from './readiness.js';

describe('readiness', () => {
  it('counts what does not answer in time as missing', async () => {
    const silent = { name: 'storage', required: true, check: () => new Promise(() => undefined) };
    const well = { name: 'disk', required: true, check: () => Promise.resolve() };
    expect(await readReadiness([silent, well], 1)).toEqual({ missing: ['storage'], degraded: [] });
  });

  it('counts a check that throws at once as missing', async () => {
    const broken = {
      name: 'storage',
      required: true,
      check: (): Promise<unknown> => {
        throw new Error('closed');
      },
    };
    expect(await readReadiness([broken])).toEqual({ missing: ['storage'], degraded: [] });
  });
});
