import type { Attempt, AttemptOutcome, CallbackRequests, ClaimedDelivery, Clock, Log } from '@recalld/domain';
import { dialectOf } from '../dialects/dialects.js';
import type { CallbackSender } from './sender.js';

export interface AttemptDeps {
  readonly requests: Pick<CallbackRequests, 'render'>;
  readonly sender: Pick<CallbackSender, 'send'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How an attempt ended, and what is kept of it; nothing is kept of one that was cut off. */
export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  readonly attempt?: Attempt;
}

/** Makes one attempt of a delivery: render, send, judge. Never rejects. */
export async function makeAttempt(deps: AttemptDeps, delivery: ClaimedDelivery): Promise<AttemptResult> {
  const { requests, sender, clock, log } = deps;
  try {
    const request = await requests.render(delivery);
    const attempt = await sender.send(request);
    if (attempt === 'cut') return { outcome: { kind: 'cut' } };
    const accepted = attempt.status !== null && dialectOf(delivery.rule).isSuccess(attempt.status);
    return { outcome: { kind: accepted ? 'accepted' : 'refused' }, attempt };
  } catch (err) {
    log.error({ err, delivery: delivery.id, rule: delivery.rule.id }, 'a callback could not be rendered');
    const error = 'the request could not be rendered';
    const attempt = { requestedAt: clock.now(), tookMs: 0, status: null, error, answerHead: null };
    return { outcome: { kind: 'refused' }, attempt };
  }
}
