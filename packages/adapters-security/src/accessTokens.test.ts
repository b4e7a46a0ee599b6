import type { App, TokenClaims } from '@recalld/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAccessTokens } from './accessTokens.js';
import { createSecretBox } from './secretBox.js';

const box = createSecretBox('a key of at least thirty-two characters');
const tokens = createAccessTokens(box);

function app(no: number, change: Partial<App> = {}): App {
  return {
    no,
    org: 'demo-org',
    name: 'demo-app',
    uuid: '8be024f0-e978-11e8-b697-5d598d5f8402',
    sdkAppId: null,
    clientId: 'client',
    sealedClientSecret: '',
    sealedSdkAppKey: null,
    sealedTokenKey: box.seal(`token key of app ${no}`),
    tokenEpoch: 1,
    rateLimits: {},
    createdAt: 0,
    ...change,
  };
}

const now = 1_700_000_000_000;
const demo = app(1);
const ofAnn: TokenClaims = { subject: { kind: 'user', user: 'ann' }, issuedAt: now, expiresAt: now + 1000 };
const ofApp: TokenClaims = { subject: { kind: 'app' }, issuedAt: now, expiresAt: null };

const users = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((user) => user.isWellFormed() && Buffer.byteLength(user) <= 64);
const anyClaims: fc.Arbitrary<TokenClaims> = fc.record({
  subject: fc.oneof(
    fc.constant({ kind: 'app' as const }),
    users.map((user) => ({ kind: 'user' as const, user })),
  ),
  issuedAt: fc.nat({ max: 2 ** 45 }),
  expiresAt: fc.option(fc.integer({ min: now + 1, max: 2 ** 47 })),
});

describe('access tokens', () => {
  it('say what was issued, whoever verifies them', () => {
    const otherNode = createAccessTokens(box);
    fc.assert(
      fc.property(anyClaims, (claims) => {
        expect(otherNode.verify(demo, tokens.issue(demo, claims), now)).toEqual(claims);
      }),
    );
  });

  it('are short and need no escaping in an URL', () => {
    expect(tokens.issue(demo, ofAnn)).toMatch(/^[\w-]{60,90}$/);
    const longest = { ...ofAnn, subject: { kind: 'user' as const, user: 'u'.repeat(64) } };
    expect(tokens.verify(demo, tokens.issue(demo, longest), now)).toEqual(longest);
  });

  it('are corrupt with any character changed, dropped or added', () => {
    const token = tokens.issue(demo, ofAnn);
    for (let index = 0; index <= token.length; index += 1) {
      for (const instead of ['', 'A', 'B', 'z', '_', '+', '=', ' ', '\u00e9']) {
        if (token[index] === instead || (index === token.length && instead === '')) continue;
        const tampered = token.slice(0, index) + instead + token.slice(index + 1);
        expect(tokens.verify(demo, tampered, now), `${instead} at ${index}`).toBe('corrupt');
      }
    }
  });

  it('are corrupt when they are anything else', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        expect(tokens.verify(demo, text, now)).toBe('corrupt');
      }),
    );
  });

  it('expire at their time, not before', () => {
    const token = tokens.issue(demo, ofAnn);
    expect(tokens.verify(demo, token, now + 999)).toEqual(ofAnn);
    expect(tokens.verify(demo, token, now + 1000)).toBe('expired');
    expect(tokens.verify(demo, tokens.issue(demo, ofApp), now * 100)).toEqual(ofApp);
  });

  it('are of one app only', () => {
    const token = tokens.issue(demo, ofApp);
    expect(tokens.verify(app(2), token, now)).toBe('corrupt');
    const sameKey = app(2, { sealedTokenKey: demo.sealedTokenKey });
    expect(tokens.verify(sameKey, token, now)).toBe('corrupt');
  });

  it('are void after the epoch or the key of the app changed', () => {
    const token = tokens.issue(demo, ofApp);
    expect(tokens.verify({ ...demo, tokenEpoch: 2 }, token, now)).toBe('corrupt');
    expect(tokens.verify({ ...demo, sealedTokenKey: box.seal('a new key') }, token, now)).toBe('corrupt');
    expect(tokens.verify(demo, token, now)).toEqual(ofApp);
  });

  it('stay valid when the same key is sealed anew', () => {
    const token = tokens.issue(demo, ofApp);
    const resealed = { ...demo, sealedTokenKey: box.seal('token key of app 1') };
    expect(tokens.verify(resealed, token, now)).toEqual(ofApp);
  });

  it('open the sealed key once, not for each token', () => {
    let opened = 0;
    const counting = createAccessTokens({
      seal: box.seal,
      open: (sealed) => ((opened += 1), box.open(sealed)),
    });
    const token = counting.issue(demo, ofApp);
    for (let i = 0; i < 5; i += 1) counting.verify({ ...demo }, token, now);
    expect(opened).toBe(1);
  });

  it('are not issued to an id that no token can hold', () => {
    for (const user of ['', 'u'.repeat(65), '\ud800']) {
      const claims: TokenClaims = { ...ofAnn, subject: { kind: 'user', user } };
      expect(() => tokens.issue(demo, claims)).toThrow(/invariant broken/);
    }
  });
});
