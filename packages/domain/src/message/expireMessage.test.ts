import { describe, it } from 'vitest';
import type { NewEvent } from '../events.js';
import { given, idAt, recalledEvent, sampleInstant, sentEvent } from '../testing/index.js';

const msgId = idAt(sampleInstant, 1);
const expiresAt = sampleInstant + 30_000;
const expire = (now: number) => ({ type: 'ExpireMessage', app: 1, msgId, now }) as const;

describe('expiry', () => {
  it('is recorded once the time ran out, by the server itself', () => {
    given(sentEvent({ expiresAt }))
      .when(expire(expiresAt))
      .then([{ type: 'MessageExpired', data: { msgId }, occurredAt: expiresAt, actor: 'recalld' }]);
  });

  it('is refused a millisecond before, and for a message that is kept for ever', () => {
    given(sentEvent({ expiresAt }))
      .when(expire(expiresAt - 1))
      .then('notExpired');
    given(sentEvent()).when(expire(Number.MAX_SAFE_INTEGER)).then('notExpired');
  });

  it('is refused for a message that the server never had', () => {
    given().when(expire(expiresAt)).then('notFound');
  });

  it('of what is expired or recalled already adds nothing', () => {
    const expired: NewEvent = {
      type: 'MessageExpired',
      data: { msgId },
      occurredAt: expiresAt,
      actor: 'recalld',
    };
    given(sentEvent({ expiresAt }), expired).when(expire(expiresAt)).then([]);
    given(sentEvent({ expiresAt }), recalledEvent()).when(expire(expiresAt)).then([]);
  });
});
