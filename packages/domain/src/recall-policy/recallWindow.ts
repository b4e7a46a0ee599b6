import type { Instant } from '../kernel/ids.js';
import type { RecallPolicy } from './recallPolicy.js';

/** Whether a message sent at `sentAt` may still be recalled at `now`; the last millisecond counts. */
export function withinWindow(policy: RecallPolicy, sentAt: Instant, now: Instant): boolean {
  return now - sentAt <= policy.windowSeconds * 1000;
}
