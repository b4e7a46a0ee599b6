import { Unavailable } from '@recalld/domain';
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

/**
 * Makes one attempt of a delivery: render, send, judge; cut off when `maySend` says no once it is
 * rendered, and when storage was away that it is rendered from. Never rejects.
 */
export async function makeAttempt(
  deps: AttemptDeps,
  delivery: ClaimedDelivery,
  maySend: () => boolean = () => true,
): Promise<AttemptResult> {
  const { requests, sender, clock, log } = deps;
  const { id, rule } = delivery;
  try {
    const request = await requests.render(delivery);
    if (!maySend()) return { outcome: { kind: 'cut' } };
    const sent = await sender.send(request, rule.tls);
    if (sent === 'cut') return { outcome: { kind: 'cut' } };
    const { attempt, retryAfterMs } = sent;
    const accepted = attempt.status !== null && dialectOf(rule).isSuccess(attempt.status);
    return { outcome: accepted ? { kind: 'accepted' } : { kind: 'refused', retryAfterMs }, attempt };
  } catch (err) {
    // That is not the receiver's doing.
    if (err instanceof Unavailable) return { outcome: { kind: 'cut' } };
    log.error({ err, delivery: id, rule: rule.id }, 'a callback could not be rendered');
    const error = 'the request could not be rendered';
    const nothing = { tookMs: 0, request: null, status: null, answerHead: null };
    const attempt = { requestedAt: clock.now(), error, ...nothing };
    return { outcome: { kind: 'refused', retryAfterMs: null }, attempt };
  }
}
