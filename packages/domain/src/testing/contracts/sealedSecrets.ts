import { beforeEach, describe, expect, it } from 'vitest';
import type { CallbackRuleChange } from '../../ports/callbackRules.js';
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

    describe('that no attempt needs any more', () => {
      /** The sealed texts of a rule that the store still has. */
      const kept = async () => {
        const seen: string[] = [];
        await world().ports.sealedSecrets.replace((sealed) => {
          if (/^(old|new|other) (secret|previous|key)$/.test(sealed)) seen.push(sealed);
          return undefined;
        });
        return seen.toSorted();
      };
      const change = (changed: CallbackRuleChange) => {
        const { ports, app, clock } = world();
        return changeRule(ports.rules, app.no, 'r1', changed, clock.now());
      };
      const client = { certificate: 'a PEM', sealedKey: 'new key' };
      const renewed = {
        sealedSecret: 'new secret',
        previousSecret: { sealed: 'new previous', until: 9 },
        tls: { ca: null, client },
      };

      it('are gone once they were changed', async () => {
        await change(renewed);

        expect(await kept()).toEqual(['new key', 'new previous', 'new secret']);
      });

      it('are kept once each when something else was changed', async () => {
        await change({ name: 'renamed' });
        await change({ enabled: false });

        expect(await kept()).toEqual(['old key', 'old previous', 'old secret']);
      });

      it('are those of another dialect only when there are newer ones', async () => {
        await recallOne(world());
        const [old, fresh] = [
          ['old key', 'old previous', 'old secret'],
          ['new key', 'new previous', 'new secret'],
        ];
        await change({ dialect: 'native', ...renewed });
        expect(await kept()).toEqual([...fresh, ...old]);

        await change({ dialect: 'easemob', sealedSecret: 'other secret', previousSecret: null, tls: null });

        expect(await kept()).toEqual([...fresh, 'other secret']);
        const [claimed] = await claim(world(), 'a', world().clock.now());
        expect(claimed?.rule).toMatchObject({ dialect: 'easemob', sealedSecret: 'other secret', tls: null });
      });

      it('are all of a removed rule', async () => {
        const { ports, app } = world();
        await change({ dialect: 'native', ...renewed });

        await ports.rules.remove(app.no, 'r1');

        expect(await kept()).toEqual([]);
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
