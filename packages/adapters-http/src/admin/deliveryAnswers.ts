import { Unavailable, attemptAt, healthy } from '@recalld/domain';
import type { Attempt, DeliveryView, RuleHealth } from '@recalld/domain';
import type { JsonAnswer } from '../route.js';
import type { AdminDeps } from './deps.js';

type Healths = ReadonlyMap<string, RuleHealth>;
type Deps = Pick<AdminDeps, 'callbackRequests'>;

/** A delivery as lists show it, with what `more` adds. */
export async function deliveryAnswer(
  deps: AdminDeps,
  status: number,
  delivery: DeliveryView,
  more: object = {},
): Promise<JsonAnswer> {
  const healths = await deps.storage.ruleHealths.ofApp(delivery.app.no);
  return { status, body: { ...deliveryShown(deps, delivery, healths), ...more } };
}

export function deliveryShown(deps: Deps, delivery: DeliveryView, healths: Healths): object {
  const { id, rule, state, lastStatus, lastError, createdAt } = delivery;
  return {
    id,
    rule_id: rule.id,
    rule_name: rule.name,
    call_id: deps.callbackRequests.callId(delivery),
    url: rule.url,
    status: state.status === 'delivered' || state.status === 'dead' ? state.status : 'pending',
    attempts: state.attempts,
    last_status: lastStatus,
    last_error: lastError,
    next_attempt_at: nextAttemptAt(delivery, healths),
    created_at: createdAt,
  };
}

/** The earliest time of the next attempt; null when nothing but another event can bring one about. */
function nextAttemptAt({ rule, state }: DeliveryView, healths: Healths): number | null {
  switch (state.status) {
    case 'waiting':
      return rule.enabled ? attemptAt(healths.get(rule.id) ?? healthy, state.dueAt) : null;
    // While an attempt is under way, the next one is made when its lease ends without an outcome.
    case 'leased':
      return state.leaseUntil;
    case 'behind':
    case 'delivered':
    case 'dead':
      return null;
  }
}

/**
 * The text as it goes out; null when it cannot be made any more, as when its secret is damaged.
 * @throws Unavailable when what it tells cannot be read now.
 */
export async function bodyShown({ callbackRequests }: Deps, delivery: DeliveryView): Promise<string | null> {
  try {
    return (await callbackRequests.render(delivery)).body;
  } catch (fault) {
    if (fault instanceof Unavailable) throw fault;
    return null;
  }
}

export function attemptShown(attempt: Attempt): object {
  const { requestedAt, tookMs, request, status, error, answerHead } = attempt;
  return {
    requested_at: requestedAt,
    took_ms: tookMs,
    request: request && { url: request.url, headers: request.headers },
    status,
    error,
    answer_head: answerHead,
  };
}
