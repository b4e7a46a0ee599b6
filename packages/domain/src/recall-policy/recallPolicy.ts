import { never } from '../kernel/assert.js';
import type { Event, Stamped } from '../kernel/event.js';
import { limits } from '../limits.js';

// The stream `recall-policy` of an app. Event type names are the stored format: they never change.

export type RecallPolicyChanged = Event<
  'RecallPolicyChanged',
  { readonly enabled: boolean; readonly windowSeconds: number; readonly version: number }
>;

/** Whether messages may be recalled at all, and for how long after they were sent. */
export interface RecallPolicy {
  readonly enabled: boolean;
  readonly windowSeconds: number;
  /** 0 until the first change. Every recall records the version that it was decided under. */
  readonly version: number;
}

/** Seed 002: the service is on, and a message can be recalled for two minutes. */
export const defaultRecallPolicy: RecallPolicy = {
  enabled: true,
  windowSeconds: limits.recallWindowSecondsDefault,
  version: 0,
};

export function evolveRecallPolicy(_: RecallPolicy, event: Stamped<RecallPolicyChanged>): RecallPolicy {
  switch (event.type) {
    case 'RecallPolicyChanged':
      return event.data;
    default:
      return never(event.type);
  }
}
