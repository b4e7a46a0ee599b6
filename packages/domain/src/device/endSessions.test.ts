import { describe, it } from 'vitest';
import { endSample, given, sampleInstant } from '../testing/index.js';
import type { SessionsEnded } from './endSessions.js';

const ended = (data: Partial<SessionsEnded['data']> = {}): SessionsEnded => ({
  type: 'SessionsEnded',
  data: { user: 'u1', device: null, session: null, reason: 'kicked', ...data },
  occurredAt: sampleInstant,
  actor: 'admin',
});

describe('ending sessions', () => {
  it('says whose end, why, and by whom', () => {
    given()
      .when(endSample({ device: 'web', session: 's1', reason: 'replaced', by: 'u1' }))
      .then([
        {
          type: 'SessionsEnded',
          data: { user: 'u1', device: 'web', session: 's1', reason: 'replaced' },
          occurredAt: sampleInstant,
          actor: 'u1',
        },
      ]);
  });

  it('twice by one command adds nothing', () => {
    given(ended()).when(endSample()).then([]);
  });

  it.each([
    ['later', { now: sampleInstant + 1 }],
    ['of another device', { device: 'web' }],
    ['of one session', { session: 's1' }],
    ['for another reason', { reason: 'passwordChanged' }],
  ] as const)('again (%s) ends what is connected then', (_, change) => {
    given(ended())
      .when(endSample(change))
      .then([{ type: 'SessionsEnded', data: { user: 'u1' } }]);
  });
});
