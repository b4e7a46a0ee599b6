import type { Failure, JsonAnswer, RequestFacts } from '../route.js';

export function failures(failure: Failure, facts: RequestFacts): JsonAnswer {
  return { status: 500, body: { error: failure, timestamp: facts.receivedAt } };
}
