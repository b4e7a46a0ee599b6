import { Unavailable } from '@recalld/domain';
import type { Attempt, CallbackRequests, CallbackRule } from '@recalld/domain';
import { createFixedClock } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { claimSample, ruleSample, sampleNow } from '../testing/samples.js';
import { makeAttempt } from './attempt.js';
import type { CallbackSender } from './sender.js';

const request = { url: 'https://backend.example.com/callbacks', headers: {}, body: '{}' };
const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

function attemptSample(status: number | null): Attempt {
  const { url, headers } = request;
  const asked = { requestedAt: sampleNow, tookMs: 3, request: { url, headers } };
  return { ...asked, status, error: status === null ? 'no answer' : null, answerHead: null };
}

const attemptRendered = (render: CallbackRequests['render']) =>
  makeAttempt(
    { requests: { render }, sender: { send: async () => 'cut' }, clock: createFixedClock(sampleNow), log },
    claimSample(),
  );

const attemptOf = (send: CallbackSender['send'], rule: Partial<CallbackRule> = {}, maySend?: () => boolean) =>
  makeAttempt(
    {
      requests: { render: () => Promise.resolve(request) },
      sender: { send },
      clock: createFixedClock(0),
      log,
    },
    claimSample({ rule: ruleSample(rule) }),
    maySend,
  );

describe('an attempt', () => {
  it('sends what was rendered, with what the rule asks of TLS', async () => {
    const tls = { ca: 'a private authority', client: null };
    const sent: unknown[] = [];
    await attemptOf(
      async (...asked) => {
        sent.push(asked);
        return 'cut';
      },
      { tls },
    );

    expect(sent).toEqual([[request, tls]]);
  });

  it('whose time was over before it was rendered is cut off, and nothing is sent', async () => {
    const sent: unknown[] = [];
    const send: CallbackSender['send'] = async (...asked) => {
      sent.push(asked);
      return 'cut';
    };

    expect(await attemptOf(send, {}, () => false)).toEqual({ outcome: { kind: 'cut' } });
    expect(sent).toEqual([]);
  });

  it.each([
    ['easemob', 200, 'accepted'],
    ['easemob', 201, 'refused'],
    ['easemob', null, 'refused'],
    ['native', 204, 'accepted'],
    ['native', 302, 'refused'],
  ] as const)('of a %s rule that is answered %s is %s', async (dialect, status, kind) => {
    const attempt = attemptSample(status);
    const result = await attemptOf(async () => ({ attempt, retryAfterMs: null }), { dialect });

    expect(result).toMatchObject({ outcome: { kind }, attempt });
  });

  it('that is refused tells for how long the receiver wants to be left alone', async () => {
    const attempt = attemptSample(503);
    const result = await attemptOf(async () => ({ attempt, retryAfterMs: 5_000 }));

    expect(result).toEqual({ outcome: { kind: 'refused', retryAfterMs: 5_000 }, attempt });
  });

  it('whose storage was away while it was rendered is cut off: the receiver has done nothing', async () => {
    const result = await attemptRendered(() => Promise.reject(new Unavailable('the database is away')));

    expect(result).toEqual({ outcome: { kind: 'cut' } });
  });

  it('that cannot be rendered is refused, and says so', async () => {
    const result = await attemptRendered(() => Promise.reject(new Error('the event is damaged')));

    expect(result).toMatchObject({
      outcome: { kind: 'refused' },
      attempt: { requestedAt: sampleNow, request: null, error: 'the request could not be rendered' },
    });
  });

  it('that was cut off leaves nothing to keep', async () => {
    expect(await attemptOf(async () => 'cut')).toEqual({ outcome: { kind: 'cut' } });
  });
});
