import { createMemoryStorage } from '@recalld/domain/testing/memory';
import type { SecretBox } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';
import { firstStart } from './firstStart.js';

/** Reversed text stands for encrypted text. */
const box: SecretBox = {
  seal: (secret) => [...secret].reverse().join(''),
  open: (sealed) => [...sealed].reverse().join(''),
};

function given() {
  const { apps, secrets } = createMemoryStorage();
  return {
    apps,
    start: (env: Readonly<Record<string, string>> = {}) =>
      firstStart({ config: readConfig(env), apps, secrets, box, clock: { now: () => 1 } }),
  };
}

describe('the first start', () => {
  it('given nothing in the environment, then what it generated is shown once', async () => {
    const { start } = given();
    const first = await start();
    expect(first.announce).toEqual([
      `root token (shown once): ${first.rootToken}`,
      expect.stringMatching(/^app demo-org#demo-app client id: \S{20,}$/),
      expect.stringMatching(/^app demo-org#demo-app client secret \(shown once\): \S{20,}$/),
    ]);
    await first.announced();

    const second = await start();
    expect(second.rootToken).toBe(first.rootToken);
    expect(second.announce).toEqual([]);
  });

  it('given a start that was cut off before it showed them, then the next one shows the same', async () => {
    const { start } = given();
    const { announce } = await start();
    expect((await start()).announce).toEqual(announce);
  });

  it('given secrets in the environment, then they are never shown, not even by a start without them', async () => {
    const { start } = given();
    const env = { RECALLD_ROOT_TOKEN: 'root-token-1', RECALLD_CLIENT_SECRET: 'client-secret-1' };
    expect((await start(env)).announce).toEqual([]);
    const later = await start();
    expect(later.announce.join('\n')).not.toContain('client-secret-1');
    expect(later.announce).toEqual([`root token (shown once): ${later.rootToken}`]);
  });

  it('given other credentials at a later start, then the environment wins', async () => {
    const { start, apps } = given();
    await start({ RECALLD_CLIENT_ID: 'id-1', RECALLD_CLIENT_SECRET: 'client-secret-1' });
    await start({
      RECALLD_CLIENT_ID: 'id-2',
      RECALLD_CLIENT_SECRET: 'client-secret-2',
      RECALLD_SDKAPPID: '1400',
    });
    const app = await apps.find('demo-org', 'demo-app');
    expect(app).toMatchObject({ clientId: 'id-2', sdkAppId: 1400 });
    expect(box.open(app?.sealedClientSecret ?? '')).toBe('client-secret-2');
  });

  it('given a numeric id that another app has, then the start stops and names the variable', async () => {
    const { start } = given();
    await start({ RECALLD_SDKAPPID: '1400' });
    await expect(start({ RECALLD_APP: 'other#app', RECALLD_SDKAPPID: '1400' })).rejects.toThrow(
      'RECALLD_SDKAPPID',
    );
  });
});
