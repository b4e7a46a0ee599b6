import { createMemoryStorage } from '@recalld/domain/testing/memory';
import type { SecretBox } from '@recalld/domain';
import { describe, expect, it, vi } from 'vitest';
import { readConfig } from './config.js';
import { firstStart } from './firstStart.js';
import type { FirstStartDeps } from './firstStart.js';

/** Reversed text stands for encrypted text. */
const box: SecretBox = {
  seal: (secret) => [...secret].reverse().join(''),
  open: (sealed) => [...sealed].reverse().join(''),
};

type Env = Readonly<Record<string, string>>;

function given() {
  const { apps, secrets, leases } = createMemoryStorage();
  const start = (env: Env = {}, changed: Partial<FirstStartDeps> = {}) =>
    firstStart({ config: readConfig(env), apps, secrets, leases, box, clock: { now: () => 1 }, ...changed });
  /** A whole start; answers what it said to the person who started it. */
  async function said(env?: Env, changed?: Partial<FirstStartDeps>): Promise<readonly string[]> {
    const lines: string[] = [];
    await (await start(env, changed)).announce((line) => lines.push(line));
    return lines;
  }
  return { apps, secrets, leases, start, said };
}

describe('the first start', () => {
  it('given nothing in the environment, then what it generated is shown once', async () => {
    const { start, said } = given();
    const lines = await said();
    expect(lines).toEqual([
      expect.stringMatching(/^root token \(shown once\): \S{20,}$/),
      expect.stringMatching(/^app demo-org#demo-app client id: \S{20,}$/),
      expect.stringMatching(/^app demo-org#demo-app client secret \(shown once\): \S{20,}$/),
    ]);

    expect(lines[0]).toContain((await start()).rootToken);
    expect(await said()).toEqual([]);
  });

  it('given a start that was cut off before it showed them, then the next one shows the same', async () => {
    const { start, said } = given();
    const { rootToken } = await start();
    expect((await said())[0]).toContain(rootToken);
  });

  it('given secrets in the environment, then they are never shown, not even by a start without them', async () => {
    const { start, said } = given();
    const env = { RECALLD_ROOT_TOKEN: 'root-token-1', RECALLD_CLIENT_SECRET: 'client-secret-1' };
    expect(await said(env)).toEqual([]);
    const { rootToken } = await start();
    expect(await said()).toEqual([`root token (shown once): ${rootToken}`]);
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

  it('race, several nodes start at once: they agree on everything, and one of them shows it', async () => {
    const { start, said } = given();
    const lines = await Promise.all(Array.from({ length: 4 }, () => said()));
    expect(lines.map(({ length }) => length).sort()).toEqual([0, 0, 0, 3]);
    expect(lines.flat()[0]).toContain((await start()).rootToken);
  });

  it('given another node that made the app meanwhile, then the start goes on with that one', async () => {
    const { said, apps } = given();
    await said({ RECALLD_CLIENT_ID: 'id-1' });
    const found = vi.fn(apps.find).mockResolvedValueOnce(undefined);
    expect(await said({ RECALLD_CLIENT_ID: 'id-2' }, { apps: { ...apps, find: found } })).toEqual([]);
    expect(await apps.all()).toMatchObject([{ clientId: 'id-2' }]);
  });

  it('given a node that died while it showed them, then another one shows them when its lease ends', async () => {
    let now = 0;
    const { leases } = createMemoryStorage({ now: () => now });
    const { said } = given();
    await leases.take('announce-secrets', 'the dead node', 5_000);
    const refused = vi.fn(leases.take).mockImplementation(async (...asked) => {
      const taken = await leases.take(...asked);
      if (!taken) now = 5_000;
      return taken;
    });
    expect(await said({}, { leases: { ...leases, take: refused } })).toHaveLength(3);
    expect(refused).toHaveBeenCalledTimes(2);
  });
});
