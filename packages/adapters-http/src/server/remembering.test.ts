import type { TokenClaims } from '@recalld/domain';
import { describe, expect, it, vi } from 'vitest';
import { clientSecret, startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';
import { createOpenTokens } from '../testing/security.js';
import { rememberTokens } from './rememberedTokens.js';

const claims = (expiresAt: number | null): TokenClaims => ({
  subject: { kind: 'app' },
  issuedAt: 0,
  expiresAt,
});

async function given() {
  const { app } = await startEasemobServer();
  const tokens = createOpenTokens();
  let verified = 0;
  const counted: typeof tokens = {
    ...tokens,
    verify: (...asked) => {
      verified += 1;
      return tokens.verify(...asked);
    },
  };
  return { app, tokens: rememberTokens(counted), verified: () => verified };
}

it('given a valid token, then it is verified once, and still expires on time', async () => {
  const { app, tokens, verified } = await given();
  const token = tokens.issue(app, claims(1000));
  expect(tokens.verify(app, token, 998)).toEqual(claims(1000));
  expect(tokens.verify(app, token, 999)).toEqual(claims(1000));
  expect(verified()).toBe(1);
  expect(tokens.verify(app, token, 1000)).toBe('expired');
});

it('given a corrupt token, then it is never remembered', async () => {
  const { app, tokens, verified } = await given();
  expect(tokens.verify(app, 'x.y', 0)).toBe('corrupt');
  expect(tokens.verify(app, 'x.y', 0)).toBe('corrupt');
  expect(verified()).toBe(2);
});

it('given that the app’s tokens were revoked, then the next reading of the app knows it', async () => {
  const { app, tokens } = await given();
  const token = tokens.issue(app, claims(null));
  expect(tokens.verify(app, token, 0)).toEqual(claims(null));
  expect(tokens.verify({ ...app, tokenEpoch: app.tokenEpoch + 1 }, token, 0)).toBe('corrupt');
});

it('given many tokens, then memory stays bounded and all are good', async () => {
  const { app, tokens, verified } = await given();
  const many = Array.from({ length: 10_001 }, (_, index) => tokens.issue(app, claims(index + 1)));
  for (const token of many) expect(tokens.verify(app, token, 0)).toBeTypeOf('object');
  expect(tokens.verify(app, many[0] ?? '', 0)).toEqual(claims(1));
  expect(verified()).toBe(10_002);
});

describe('a request that starts after an answer', () => {
  const credentials = {
    grant_type: 'client_credentials',
    client_id: 'client-id',
    client_secret: clientSecret,
  };
  const askToken = ({ call }: EasemobServer, client_secret: string) =>
    call('POST', '/token', { token: null, body: { ...credentials, client_secret } });

  it('given an app that did not change, then its tokens are verified once, and it is asked for each time', async () => {
    const easemob = await startEasemobServer();
    const find = vi.spyOn(easemob.storage.apps, 'find');
    const verify = vi.spyOn(easemob.deps.tokens, 'verify');
    for (let requests = 0; requests < 3; requests += 1) {
      expect((await easemob.call('GET', '/users/u1/user_channels')).status).toBe(200);
    }
    expect(find).toHaveBeenCalledTimes(3);
    expect(verify).toHaveBeenCalledTimes(1);
  });

  it('given tokens that another node revoked in this very moment, then they are refused', async () => {
    const easemob = await startEasemobServer();
    const { app, storage } = easemob;
    expect((await easemob.call('GET', '/users/u1/user_channels')).status).toBe(200);
    storage.apps.find = async () => ({ ...app, tokenEpoch: app.tokenEpoch + 1 });
    expect((await easemob.call('GET', '/users/u1/user_channels')).status).toBe(401);
  });

  it('given a client secret that another node changed in this very moment, then only the new one is good', async () => {
    const easemob = await startEasemobServer();
    const { app, deps, storage } = easemob;
    expect((await askToken(easemob, clientSecret)).status).toBe(200);
    await storage.apps.changeCredentials(app.no, { sealedClientSecret: deps.secretBox.seal('changed') });
    expect((await askToken(easemob, clientSecret)).status).toBe(400);
    expect((await askToken(easemob, 'changed')).status).toBe(200);
  });

  it('given an app that was unknown and that another node makes, then it is there', async () => {
    const { app, raw, storage } = await startEasemobServer();
    const ask = () => raw('POST', '/acme/new/token', { token: null, body: credentials });
    expect((await ask()).status).toBe(404);
    await storage.apps.create({ ...app, name: 'new', uuid: 'another' });
    expect((await ask()).status).toBe(200);
  });
});
