import { describe, expect, it } from 'vitest';
import type { Unit } from '../../ports/commandStore.js';
import { ruleSample } from '../samples.js';
import { sendUnit, sentEvent, unitOf, wholeLog } from '../units.js';
import { createMemoryStorage } from './storage.js';

const due = (change: Partial<Unit['deliveries'][number]>): Partial<Unit> => ({
  deliveries: [{ rule: { id: 'r1', version: 1 }, events: [0], orderKey: 'pair/u1/u2', ...change }],
});
const policyChanged = {
  type: 'RecallPolicyChanged',
  data: { enabled: true, windowSeconds: 1, version: 1 },
  occurredAt: 0,
  actor: 'admin',
} as const;

describe('a unit that no loop could have made', () => {
  it.each([
    ['a message without a timeline', unitOf(1, 'message/1', 0, [sentEvent()]), 'name their timeline'],
    [
      'a body for no event',
      { ...sendUnit(1), puts: [{ event: 1, content: { format: 'msync', payload: new Uint8Array() } }] },
      'event 1 can have a body',
    ],
    [
      'a body for an event that has none',
      unitOf(1, 'recall-policy', 0, [policyChanged], { puts: sendUnit(1).puts }),
      'event 0 can have a body',
    ],
    ['a rule that is not there', { ...sendUnit(1), ...due({ rule: { id: 'r2', version: 1 } }) }, 'rule r2'],
    [
      'a version that is not there',
      { ...sendUnit(1), ...due({ rule: { id: 'r1', version: 2 } }) },
      'version 2',
    ],
    ['a delivery of nothing', { ...sendUnit(1), ...due({ events: [] }) }, 'tells of something'],
    ['a delivery of no event', { ...sendUnit(1), ...due({ events: [1] }) }, 'tells of its unit'],
  ] as const)('(%s) is a fault, and nothing is written', async (_, unit, message) => {
    const ports = createMemoryStorage();
    await ports.rules.create(ruleSample(1, 'r1'));
    const good = sendUnit(1, { msgId: '4294967296' });

    await expect(ports.commands.commit([good, unit])).rejects.toThrow(message);

    expect(await wholeLog(ports)).toEqual([]);
    expect((await ports.contents.read(1, ['4294967296'])).size).toBe(0);
  });
});
