import { beforeEach, describe, expect, it } from 'vitest';
import { changeRule } from '../rules.js';
import { appSample, ruleSample } from '../samples.js';
import { claim, recallOne } from './deliverySupport.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

const sealedInApps = {
  sealedClientSecret: 'old client secret',
  sealedSdkAppKey: 'old sdkapp key',
  sealedTokenKey: 'old token key',
};

/** Every sealed text of the store is replaced at once, or none is. */
export function describeSealedSecrets(name: string, harness: StorageHarness): void {
  describe(`SealedSecrets: ${name}`, () => {
    const world = useWorld(harness);
    const tls = { ca: 'old-looking PEM', client: { certificate: 'old PEM', sealedKey: 'old key' } };
    const rule = (id: string) =>
      ruleSample(world().app.no, id, {
        sealedSecret: 'old secret',
        previousSecret: { sealed: 'old previous', until: 5 },
        tls,
      });
    /** What the store holds, as its readers give it. */
    const held = async () => {
      const { ports, app } = world();
      return {
        app: await ports.apps.find('demo-org', 'second-app'),
        rules: await ports.rules.list(app.no),
        secret: await ports.secrets.get('root token'),
      };
    };
    beforeEach(async () => {
      const { ports } = world();
      await ports.apps.create(appSample({ name: 'second-app', sdkAppId: 1400000001, ...sealedInApps }));
      await ports.rules.create(rule('r1'));
      await ports.rules.create(
        ruleSample(world().app.no, 'unsigned', { sealedSecret: null, tls: { ca: 'old PEM', client: null } }),
      );
      await ports.secrets.putIfAbsent('root token', 'old root token');
    });

    it('are all seen, each as it is, and replaced', async () => {
      const { ports, app } = world();
      const seen: string[] = [];
      const before = await held();

      const replaced = await ports.sealedSecrets.replace((sealed) => {
        seen.push(sealed);
        return `new ${sealed}`;
      });

      expect(replaced).toBe(seen.length);
      expect(seen).toEqual(
        expect.arrayContaining([
          ...Object.values(sealedInApps),
          ...['old secret', 'old previous', 'old key', 'old root token'],
          ...[app.sealedClientSecret, app.sealedTokenKey],
        ]),
      );
      expect(seen.filter((sealed) => sealed.includes('PEM'))).toEqual([]);
      const [r1, unsigned] = before.rules;
      expect(await held()).toEqual({
        app: {
          ...before.app,
          sealedClientSecret: 'new old client secret',
          sealedSdkAppKey: 'new old sdkapp key',
          sealedTokenKey: 'new old token key',
        },
        rules: [
          {
            ...r1,
            sealedSecret: 'new old secret',
            previousSecret: { sealed: 'new old previous', until: 5 },
            tls: { ...tls, client: { certificate: 'old PEM', sealedKey: 'new old key' } },
          },
          unsigned,
        ],
        secret: 'new old root token',
      });
      expect((await ports.apps.findByNo(app.no))?.sealedSdkAppKey).toBeNull();
    });

    it('of older versions of a rule are replaced too: deliveries were planned under them', async () => {
      const { ports, app, clock } = world();
      const at = await recallOne(world());
      const change = { dialect: 'tencent', sealedSecret: null, previousSecret: null, tls: null } as const;
      await changeRule(ports.rules, app.no, 'r1', change, clock.now());

      await ports.sealedSecrets.replace((sealed) => `new ${sealed}`);

      const [claimed] = await claim(world(), 'a', at);
      expect(claimed?.rule).toMatchObject({
        dialect: 'easemob',
        sealedSecret: 'new old secret',
        previousSecret: { sealed: 'new old previous' },
        tls: { client: { sealedKey: 'new old key' } },
      });
    });

    it('of a change after them stay as the change made them', async () => {
      const { ports, app, clock } = world();
      await ports.sealedSecrets.replace((sealed) => `new ${sealed}`);

      await changeRule(ports.rules, app.no, 'r1', { name: 'renamed' }, clock.now());

      expect(await ports.rules.find(app.no, 'r1')).toMatchObject({
        name: 'renamed',
        sealedSecret: 'new old secret',
      });
    });

    it('stay as they are where nothing is answered', async () => {
      const { ports } = world();
      const before = await held();

      expect(await ports.sealedSecrets.replace(() => undefined)).toBe(0);
      expect(await held()).toEqual(before);

      const one = (sealed: string) => (sealed === 'old root token' ? 'another' : undefined);
      expect(await ports.sealedSecrets.replace(one)).toBe(1);
      expect(await held()).toEqual({ ...before, secret: 'another' });
    });

    it.each(['old token key', 'old key', 'old root token'])(
      'given one that cannot be opened (%s), then none is replaced',
      async (broken) => {
        const { ports } = world();
        const before = await held();
        const reseal = (sealed: string) => {
          if (sealed === broken) throw new Error(`the key does not open ${broken}`);
          return `new ${sealed}`;
        };

        await expect(ports.sealedSecrets.replace(reseal)).rejects.toThrow(`does not open ${broken}`);

        expect(await held()).toEqual(before);
      },
    );
  });
}
