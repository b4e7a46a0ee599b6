import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, Instant, UserId } from '../kernel/ids.js';
import { limits } from '../limits.js';
import type { RecallPolicy, RecallPolicyChanged } from './recallPolicy.js';

/** Sets an app's recall policy. */
export interface ChangeRecallPolicy {
  readonly type: 'ChangeRecallPolicy';
  readonly app: AppNo;
  readonly enabled: boolean;
  readonly windowSeconds: number;
  /** How long the server keeps messages, ms; null: for ever. A window may not be longer. */
  readonly retentionMs: number | null;
  readonly by: UserId;
  readonly now: Instant;
}

export type ChangeRecallPolicyRefusal = 'windowOutOfRange' | 'windowExceedsRetention';

export function changeRecallPolicy(
  command: ChangeRecallPolicy,
  state: RecallPolicy,
): Verdict<RecallPolicyChanged, ChangeRecallPolicyRefusal> {
  const { enabled, windowSeconds, retentionMs, by, now } = command;
  if (!isWindow(windowSeconds)) return refuse('windowOutOfRange');
  if (retentionMs !== null && windowSeconds * 1000 > retentionMs) return refuse('windowExceedsRetention');
  if (enabled === state.enabled && windowSeconds === state.windowSeconds) return accept();
  return accept({
    type: 'RecallPolicyChanged',
    data: { enabled, windowSeconds, version: state.version + 1 },
    occurredAt: now,
    actor: by,
  });
}

function isWindow(seconds: number): boolean {
  const { recallWindowSecondsMin: min, recallWindowSecondsMax: max } = limits;
  return Number.isInteger(seconds) && seconds >= min && seconds <= max;
}
