import type { AppNo } from '../kernel/ids.js';
import { recallPolicyStream } from '../kernel/stream.js';
import type { EventLog } from '../ports/eventLog.js';
import { defaultRecallPolicy, evolveRecallPolicy } from '../recall-policy/recallPolicy.js';
import type { RecallPolicy } from '../recall-policy/recallPolicy.js';

/** An app's recall policy as it stands in the log. */
export async function readRecallPolicy(log: EventLog, app: AppNo): Promise<RecallPolicy> {
  const events = await log.ofStream(app, recallPolicyStream);
  return events.reduce(
    (policy, event) => (event.type === 'RecallPolicyChanged' ? evolveRecallPolicy(policy, event) : policy),
    defaultRecallPolicy,
  );
}
