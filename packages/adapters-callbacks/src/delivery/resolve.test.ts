import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createPatientResolve } from './resolve.js';
import { loopback, unknownName } from '../testing/sending.js';

const patienceMs = 20_000;

/** A resolver of which some names wait until a test lets them go. */
function givenResolver() {
  const asked: string[] = [];
  const waiting = new Map<string, () => void>();
  return {
    asked,
    letGo: (name: string) => waiting.get(name)?.(),
    resolve: async (name: string) => {
      asked.push(name);
      if (name.startsWith('hanging')) await new Promise<void>((resolve) => waiting.set(name, resolve));
      if (name.startsWith('slow')) await delay(60);
      if (name.startsWith('missing')) throw unknownName();
      return loopback();
    },
  };
}

describe('the resolver of names', () => {
  it('answers what the system does', async () => {
    const { resolve } = givenResolver();
    const patient = createPatientResolve({ patienceMs, resolve });

    expect(await patient('backend.example.com')).toEqual([{ address: '127.0.0.1', family: 4 }]);
    await expect(patient('missing.example.com')).rejects.toEqual(unknownName());
    expect(await createPatientResolve({ patienceMs })('localhost')).toContainEqual({
      address: '127.0.0.1',
      family: 4,
    });
  });

  it('asks for two names at a time, so that threads are left for other work', async () => {
    const { asked, letGo, resolve } = givenResolver();
    const patient = createPatientResolve({ patienceMs, resolve });
    const all = ['hanging-1', 'hanging-2', 'hanging-3', 'third'].map((name) => patient(name));
    await delay(10);
    expect(asked).toEqual(['hanging-1', 'hanging-2']);

    letGo('hanging-2');
    await all[1];
    await delay(10);
    expect(asked).toEqual(['hanging-1', 'hanging-2', 'hanging-3']);

    letGo('hanging-1');
    expect(await all[3]).toBeDefined();
  });

  it('lets a name that was slow before wait for slow ones alone', async () => {
    const { asked, resolve } = givenResolver();
    const patient = createPatientResolve({ patienceMs, quickMs: 50, resolve });
    await Promise.all([patient('slow-1'), patient('slow-2')]);
    asked.length = 0;

    const slow = Promise.all([patient('slow-1'), patient('slow-2'), patient('slow-1')]);
    await Promise.all(['quick-1', 'quick-2', 'quick-3', 'quick-4'].map((name) => patient(name)));

    expect(asked.toSorted()).toEqual(['quick-1', 'quick-2', 'quick-3', 'quick-4', 'slow-1']);
    await slow;
  });

  it('does not begin a look-up that has waited too long', async () => {
    const { asked, letGo, resolve } = givenResolver();
    const patient = createPatientResolve({ patienceMs: 50, resolve });
    const hanging = [patient('hanging-1'), patient('hanging-2')];
    const late = patient('late').catch((error: Error) => error.message);
    await delay(60);

    letGo('hanging-1');

    expect(await late).toBe('the host name was not resolved in time');
    expect(asked).toEqual(['hanging-1', 'hanging-2']);
    letGo('hanging-2');
    await Promise.all(hanging);
  });
});
