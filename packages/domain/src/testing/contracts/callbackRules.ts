import { describe, expect, it } from 'vitest';
import { limits } from '../../limits.js';
import { changeRule } from '../rules.js';
import { appSample, ruleSample, sampleInstant } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** A change of a rule that was read as it was made. */
const first = { version: 1, now: sampleInstant };

/** Callback rules: names that are taken, versions that grow. */
export function describeCallbackRules(name: string, harness: StorageHarness): void {
  describe(`CallbackRules: ${name}`, () => {
    const world = useWorld(harness);

    it('starts a rule at version 1 and gives it back whole', async () => {
      const { ports, app } = world();
      const sample = ruleSample(app.no, 'r1', { chatTypes: ['chatroom', 'chat'], sealedSecret: null });

      const created = await ports.rules.create(sample);

      expect(created).toEqual({ ...sample, version: 1 });
      expect(await ports.rules.find(app.no, 'r1')).toEqual(created);
      expect(await ports.rules.list(app.no)).toEqual([created]);
    });

    it.each([
      { events: ['message.recalled', 'callback_rule.suspended'] },
      { events: [] },
      { enabled: false },
      { ordered: true, concurrencyMax: 7 },
      { previousSecret: { sealed: 'the one before', until: sampleInstant + 1000 } },
      { tls: { ca: '-----BEGIN CERTIFICATE-----\nAb+/=\n', client: null } },
      { tls: { ca: null, client: { certificate: 'a PEM', sealedKey: 'sealed key' } } },
    ] as const)('gives %o back, as it was made and when it is taken away', async (change) => {
      const { ports, app } = world();
      const plain = ruleSample(app.no, 'r1');

      const created = await ports.rules.create({ ...plain, ...change });

      expect(created).toEqual({ ...plain, ...change, version: 1 });
      expect(await ports.rules.find(app.no, 'r1')).toEqual(created);
      const without = await changeRule(ports.rules, app.no, 'r1', plain, sampleInstant);
      expect(without).toEqual({ ...plain, version: 2 });
      expect(await ports.rules.find(app.no, 'r1')).toEqual(without);
    });

    it('takes a name once per app', async () => {
      const { ports, app } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const otherNo = typeof other === 'object' ? other.no : 0;
      await ports.rules.create(ruleSample(app.no, 'r1', { name: 'main' }));

      expect(await ports.rules.create(ruleSample(app.no, 'r2', { name: 'main' }))).toBe('nameTaken');
      expect(await ports.rules.create(ruleSample(app.no, 'r3', { name: 'Main' }))).toMatchObject({
        id: 'r3',
      });
      expect(await ports.rules.create(ruleSample(otherNo, 'r4', { name: 'main' }))).toMatchObject({
        id: 'r4',
      });
      expect((await ports.rules.list(app.no)).map(({ id }) => id)).toEqual(['r1', 'r3']);
    });

    it('race, create and create: one rule gets the name', async () => {
      const { ports, app } = world();

      const made = await Promise.all(
        ['r1', 'r2', 'r3'].map((id) => ports.rules.create(ruleSample(app.no, id, { name: 'main' }))),
      );

      expect(made.filter((rule) => rule === 'nameTaken')).toHaveLength(2);
      expect(await ports.rules.list(app.no)).toHaveLength(1);
    });

    it('takes so many rules of one app, and frees the place of one that is removed', async () => {
      const { ports, app } = world();
      const other = await ports.apps.create(appSample({ name: 'other-app' }));
      const otherNo = typeof other === 'object' ? other.no : 0;
      const create = (id: string, no = app.no) => ports.rules.create(ruleSample(no, id));
      const ids = Array.from({ length: limits.callbackRulesMax - 1 }, (_, n) => `r${n}`);
      await Promise.all(ids.map((id) => create(id)));

      // Race, create and create: one gets the last place.
      const last = await Promise.all(['a', 'b', 'c'].map((id) => create(id)));

      expect(last.filter((rule) => rule === 'tooMany')).toHaveLength(2);
      expect(await ports.rules.list(app.no)).toHaveLength(limits.callbackRulesMax);
      expect(await create('theirs', otherNo)).toMatchObject({ id: 'theirs' });
      await ports.rules.remove(app.no, 'r1');
      expect(await create('d')).toMatchObject({ id: 'd', version: 1 });
      expect(await create('e')).toBe('tooMany');
    });

    it.each([
      { url: 'https://new.example.com/' },
      { dialect: 'tencent' },
      { sealedSecret: 'another one' },
      { sealedSecret: null },
      { chatTypes: ['groupchat'] },
      { events: ['attachment.purged'] },
      { ordered: true },
      { concurrencyMax: 1 },
      { previousSecret: { sealed: 'the one before', until: sampleInstant } },
      { tls: { ca: 'a PEM', client: { certificate: 'another PEM', sealedKey: 'sealed key' } } },
    ] as const)('a change of %o makes a new version', async (change) => {
      const { ports, app } = world();
      const created = await ports.rules.create(ruleSample(app.no, 'r1'));

      const changed = await changeRule(ports.rules, app.no, 'r1', change, sampleInstant);

      expect(changed).toEqual({ ...(typeof created === 'object' ? created : {}), ...change, version: 2 });
      expect(await ports.rules.find(app.no, 'r1')).toEqual(changed);
    });

    it('changes name and switch, to a name that is free or its own', async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1', { name: 'one' }));
      await ports.rules.create(ruleSample(app.no, 'r2', { name: 'two' }));

      const taken = { name: 'two', url: 'https://x/' };
      expect(await ports.rules.change(app.no, 'r1', taken, first)).toBe('nameTaken');
      expect(await ports.rules.find(app.no, 'r1')).toMatchObject({ name: 'one', version: 1 });
      const own = await changeRule(ports.rules, app.no, 'r1', { name: 'one', enabled: false }, sampleInstant);
      expect(own).toMatchObject({ name: 'one', enabled: false });
      const renamed = await changeRule(ports.rules, app.no, 'r1', { name: 'three' }, sampleInstant);
      expect(renamed).toMatchObject({ enabled: false });
      expect((await ports.rules.list(app.no)).map((rule) => rule.name)).toEqual(['three', 'two']);
    });

    it.each([0, 1, 3])(
      'changes nothing of a rule at version 2 for who has read version %i',
      async (version) => {
        const { ports, app } = world();
        await ports.rules.create(ruleSample(app.no, 'r1'));
        await ports.rules.create(ruleSample(app.no, 'r2', { name: 'taken' }));
        const current = await changeRule(ports.rules, app.no, 'r1', { ordered: true }, sampleInstant);
        const change = { name: 'taken', url: 'https://new.example.com/' };

        expect(await ports.rules.change(app.no, 'r1', change, { version, now: sampleInstant })).toBe('moved');

        expect(await ports.rules.find(app.no, 'r1')).toEqual(current);
        const after = { version: 2, now: sampleInstant };
        expect(await ports.rules.change(app.no, 'r1', { ordered: false }, after)).toMatchObject({
          version: 3,
        });
      },
    );

    it('race, change and change: one of those that have read the same version is made', async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1', { sealedSecret: 'old' }));

      const made = await Promise.all(
        ['a', 'b', 'c'].map((sealed) =>
          ports.rules.change(
            app.no,
            'r1',
            { sealedSecret: sealed, previousSecret: { sealed: 'old', until: sampleInstant } },
            first,
          ),
        ),
      );

      const [changed, ...others] = made.filter((each) => typeof each === 'object');
      expect(others).toEqual([]);
      expect(made.filter((each) => each === 'moved')).toHaveLength(2);
      expect(await ports.rules.find(app.no, 'r1')).toEqual(changed);
    });

    it('changes and removes no rule that is not there, or another app’s', async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1'));

      expect(await ports.rules.change(app.no, 'r2', { enabled: false }, first)).toBe('unknown');
      expect(await ports.rules.change(app.no + 1, 'r1', { enabled: false }, first)).toBe('unknown');
      expect(await ports.rules.remove(app.no + 1, 'r1')).toBe(false);
      expect(await ports.rules.find(app.no + 1, 'r1')).toBeUndefined();
      expect(await ports.rules.find(app.no, 'r1')).toMatchObject({ enabled: true, version: 1 });
    });

    it('removes a rule and frees its name', async () => {
      const { ports, app } = world();
      await ports.rules.create(ruleSample(app.no, 'r1', { name: 'main' }));

      expect(await ports.rules.remove(app.no, 'r1')).toBe(true);

      expect(await ports.rules.find(app.no, 'r1')).toBeUndefined();
      expect(await ports.rules.list(app.no)).toEqual([]);
      expect(await ports.rules.change(app.no, 'r1', { enabled: false }, first)).toBe('unknown');
      expect(await ports.rules.remove(app.no, 'r1')).toBe(false);
      expect(await ports.rules.create(ruleSample(app.no, 'r2', { name: 'main' }))).toMatchObject({
        id: 'r2',
      });
    });
  });
}
