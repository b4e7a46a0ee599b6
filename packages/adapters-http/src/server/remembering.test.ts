import type { App, Apps, TokenClaims } from '@recalld/domain';
import { createFixedClock } from '@recalld/domain/testing/memory';
import { expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import { createOpenTokens } from '../testing/security.js';
import { AppDirectory } from './appDirectory.js';
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

it('given an app, then it is read once a second; given none, then each time', async () => {
  const { app, storage } = await startEasemobServer();
  const clock = createFixedClock(0);
  const reads: string[] = [];
  const apps: Apps = {
    ...storage.apps,
    find: async (org, name): Promise<App | undefined> => {
      reads.push(`${org}#${name}`);
      return storage.apps.find(org, name);
    },
  };
  const directory = new AppDirectory(apps, clock);
  expect(await directory.find('acme', 'im')).toEqual(app);
  expect(directory.find('acme', 'im')).toEqual(app);
  expect(await directory.find('acme', 'none')).toBeUndefined();
  expect(await directory.find('acme', 'none')).toBeUndefined();
  clock.advance(1000);
  await directory.find('acme', 'im');
  expect(reads).toEqual(['acme#im', 'acme#none', 'acme#none', 'acme#im']);
});
