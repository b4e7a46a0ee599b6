import { describe, expect, it } from 'vitest';
import { readRecallPolicy } from '../application/readRecallPolicy.js';
import { given, policySample, sampleInstant } from '../testing/index.js';
import { createMemoryStorage, createWorld } from '../testing/index.js';
import { defaultRecallPolicy, evolveRecallPolicy } from './recallPolicy.js';
import type { RecallPolicyChanged } from './recallPolicy.js';

function changed(enabled: boolean, windowSeconds: number, version = 1): RecallPolicyChanged {
  const data = { enabled, windowSeconds, version };
  return { type: 'RecallPolicyChanged', data, occurredAt: sampleInstant, actor: 'admin' };
}

describe('changing the recall policy', () => {
  it.each([1, 120, 604_800])('takes a window of %d seconds', (windowSeconds) => {
    given(changed(true, 60))
      .when(policySample({ windowSeconds }))
      .then([
        {
          type: 'RecallPolicyChanged',
          data: { enabled: true, windowSeconds, version: 2 },
          occurredAt: sampleInstant,
          actor: 'admin',
        },
      ]);
  });

  it.each([0, -1, 604_801, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'takes no window of %d seconds',
    (windowSeconds) => {
      given().when(policySample({ windowSeconds })).then('windowOutOfRange');
    },
  );

  it('takes no window that is longer than messages are kept', () => {
    given()
      .when(policySample({ windowSeconds: 600, retentionMs: 600_000 }))
      .then([{ type: 'RecallPolicyChanged' }]);
    given()
      .when(policySample({ windowSeconds: 600, retentionMs: 599_999 }))
      .then('windowExceedsRetention');
  });

  it('to what it is already adds nothing', () => {
    given()
      .when(policySample({ enabled: true, windowSeconds: 120 }))
      .then([]);
    given(changed(false, 60))
      .when(policySample({ enabled: false, windowSeconds: 60 }))
      .then([]);
  });

  it('switches the service off and keeps the window', () => {
    given()
      .when(policySample({ enabled: false, windowSeconds: 120 }))
      .then([{ type: 'RecallPolicyChanged', data: { enabled: false, windowSeconds: 120, version: 1 } }]);
  });
});

describe('the recall policy as its stream tells it', () => {
  it('is on with two minutes at first', () => {
    expect(defaultRecallPolicy).toEqual({ enabled: true, windowSeconds: 120, version: 0 });
  });

  it('is what it was changed to last', () => {
    const events = [changed(false, 60, 1), changed(true, 30, 2)];

    expect(events.reduce(evolveRecallPolicy, defaultRecallPolicy)).toEqual({
      enabled: true,
      windowSeconds: 30,
      version: 2,
    });
  });

  it('does not swallow an event that it does not know', () => {
    const unknown = { ...changed(true, 1), type: 'RecallPolicyLost' } as unknown as RecallPolicyChanged;

    expect(() => evolveRecallPolicy(defaultRecallPolicy, unknown)).toThrow('invariant broken');
  });

  it('is read from the log', async () => {
    const { ports, app, one } = await createWorld(createMemoryStorage());
    expect(await readRecallPolicy(ports.log, app.no)).toEqual(defaultRecallPolicy);

    await one<'ChangeRecallPolicy'>(policySample({ app: app.no, enabled: false, windowSeconds: 30 }));

    const policy = { enabled: false, windowSeconds: 30, version: 1 };
    expect(await readRecallPolicy(ports.log, app.no)).toEqual(policy);
  });
});
