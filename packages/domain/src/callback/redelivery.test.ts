import { describe, expect, it } from 'vitest';
import { sampleInstant as now } from '../testing/index.js';
import type { DeliveryState } from './delivery.js';
import { advanced, selects } from './redelivery.js';
import type { RedeliveryJob, RedeliverySelection, SelectableDelivery } from './redelivery.js';

const states: readonly DeliveryState[] = [
  { status: 'behind', attempts: 0 },
  { status: 'waiting', attempts: 1, dueAt: now },
  { status: 'leased', attempts: 1, owner: 'a', leaseUntil: now },
  { status: 'delivered', attempts: 1 },
  { status: 'dead', attempts: 13 },
];
const delivery = (change: Partial<SelectableDelivery> = {}): SelectableDelivery => ({
  id: 'r1:1',
  ruleId: 'r1',
  createdAt: now,
  state: { status: 'dead', attempts: 13 },
  ...change,
});
const created = (change: object = {}): RedeliverySelection => ({
  kind: 'created',
  since: now,
  until: now + 10,
  ruleId: null,
  statuses: ['delivered', 'dead'],
  ...change,
});
const statusesSelected = (selection: RedeliverySelection) =>
  states.filter((state) => selects(selection, delivery({ state }))).map(({ status }) => status);

describe('a redelivery of named deliveries', () => {
  const named: RedeliverySelection = { kind: 'named', ids: ['r1:1', 'r1:2'] };

  it('queues those, in whatever state but in hand', () => {
    expect(statusesSelected(named)).toEqual(['behind', 'waiting', 'delivered', 'dead']);
  });

  it('queues no other, however alike', () => {
    expect(selects(named, delivery({ id: 'r1:2' }))).toBe(true);
    expect(selects(named, delivery({ id: 'r1:3' }))).toBe(false);
    expect(selects({ kind: 'named', ids: ['r1:12'] }, delivery())).toBe(false);
  });
});

describe('a redelivery of a time', () => {
  it('queues what was planned from since on, before until', () => {
    const planned = [-1, 0, 9, 10].map((ms) => delivery({ createdAt: now + ms }));
    expect(planned.map((one) => selects(created(), one))).toEqual([false, true, true, false]);
  });

  it('queues those of its rule, or of all', () => {
    const ofRule = (ruleId: string | null) => selects(created({ ruleId }), delivery({ ruleId: 'r1' }));
    expect([ofRule(null), ofRule('r1'), ofRule('r2'), ofRule('')]).toEqual([true, true, false, false]);
  });

  it('queues only what is over, in the statuses asked for', () => {
    expect(statusesSelected(created())).toEqual(['delivered', 'dead']);
    expect(statusesSelected(created({ statuses: ['dead'] }))).toEqual(['dead']);
    expect(statusesSelected(created({ statuses: [] }))).toEqual([]);
  });

  it('does not swallow a selection that it does not know', () => {
    const unknown = { kind: 'lost' } as unknown as RedeliverySelection;
    expect(() => selects(unknown, delivery())).toThrow('invariant broken');
  });
});

describe('a redelivery job', () => {
  const job: RedeliveryJob = {
    id: 'job',
    app: 1,
    selection: created(),
    createdAt: now,
    queued: 2,
    finishedAt: null,
  };

  it('counts what each step queued, and ends once', () => {
    const further = advanced(job, 3, null);
    expect(further).toEqual({ ...job, queued: 5 });
    const over = advanced(further, 0, now + 1);
    expect(over).toEqual({ ...job, queued: 5, finishedAt: now + 1 });
    expect(() => advanced(over, 1, null)).toThrow('redelivery job is over');
  });
});
