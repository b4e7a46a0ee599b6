import { describe, expect, it } from 'vitest';
import type { App } from '../../ports/apps.js';
import { appSample, userSample } from '../samples.js';
import { useWorld } from './support.js';
import type { StorageHarness } from './support.js';

/** Apps: names and numeric ids are taken once. */
export function describeApps(name: string, harness: StorageHarness): void {
  describe(`Apps: ${name}`, () => {
    const world = useWorld(harness);
    /** Creates an app that nobody refuses. */
    const create = async (sample: Omit<App, 'no'>): Promise<App> => {
      const created = await world().ports.apps.create(sample);
      if (typeof created === 'string') throw new Error(`${sample.name}: ${created}`);
      return created;
    };

    it('gives an app a number of its own and finds it by name and number', async () => {
      const { ports, app } = world();
      const sample = appSample({ name: 'second', sdkAppId: 1_400_000_001, sealedSdkAppKey: 'sealed key' });

      const created = await create(sample);

      expect(created).toEqual({ ...sample, no: created.no });
      expect(created.no).not.toBe(app.no);
      expect(await ports.apps.find('demo-org', 'second')).toEqual(created);
      expect(await ports.apps.findByNo(created.no)).toEqual(created);
      expect(await ports.apps.all()).toEqual([app, created]);
    });

    it('does not find what is not there', async () => {
      const { ports, app } = world();

      expect(await ports.apps.find('demo-org', 'nothing')).toBeUndefined();
      expect(await ports.apps.find('other-org', app.name)).toBeUndefined();
      expect(await ports.apps.findByNo(app.no + 1)).toBeUndefined();
    });

    it('takes an appkey once; the same name in another organization is another app', async () => {
      const { ports } = world();

      expect(await ports.apps.create(appSample())).toBe('nameTaken');
      expect(await ports.apps.create(appSample({ org: 'other-org' }))).toMatchObject({ org: 'other-org' });
      expect(await ports.apps.all()).toHaveLength(2);
    });

    it('takes a numeric id once; having none is no id', async () => {
      const { ports } = world();
      await create(appSample({ name: 'second', sdkAppId: 7 }));

      expect(await ports.apps.create(appSample({ name: 'third', sdkAppId: 7 }))).toBe('sdkAppIdTaken');
      expect(await ports.apps.create(appSample({ name: 'third', sdkAppId: null }))).toMatchObject({
        sdkAppId: null,
      });
    });

    it('changes credentials, and nothing else', async () => {
      const { ports } = world();
      const second = await create(appSample({ name: 'second', sdkAppId: 7 }));
      const third = await create(appSample({ name: 'third' }));
      const change = { clientId: 'new', sealedClientSecret: 'new', sdkAppId: 8, sealedSdkAppKey: 'new' };

      expect(await ports.apps.changeCredentials(third.no, change)).toEqual({ ...third, ...change });
      expect(await ports.apps.findByNo(third.no)).toEqual({ ...third, ...change });
      expect(await ports.apps.changeCredentials(third.no, { sdkAppId: 7 })).toBe('sdkAppIdTaken');
      expect(await ports.apps.changeCredentials(third.no, { sdkAppId: 8 })).toMatchObject({ sdkAppId: 8 });
      expect(await ports.apps.findByNo(second.no)).toEqual(second);
    });
  });
}

/** Users: registered all together or not at all. */
export function describeUsers(name: string, harness: StorageHarness): void {
  describe(`Users: ${name}`, () => {
    const world = useWorld(harness);

    it('registers users and finds each in its own app', async () => {
      const { ports, app } = world();
      const users = [userSample(app.no, 'u1', { nickname: '小王' }), userSample(app.no, 'ü/2 %')];

      expect(await ports.users.register(users)).toEqual({ taken: [] });

      expect(await ports.users.find(app.no, 'u1')).toEqual(users[0]);
      expect(await ports.users.find(app.no, 'ü/2 %')).toEqual(users[1]);
      expect(await ports.users.find(app.no, 'u3')).toBeUndefined();
      expect(await ports.users.find(app.no + 1, 'u1')).toBeUndefined();
    });

    it('compares ids as given', async () => {
      const { ports, app } = world();
      await ports.users.register([userSample(app.no, 'Anna')]);

      expect(await ports.users.find(app.no, 'anna')).toBeUndefined();
      expect(await ports.users.register([userSample(app.no, 'anna')])).toEqual({ taken: [] });
    });

    it('registers none of them when one id is taken', async () => {
      const { ports, app } = world();
      await ports.users.register([userSample(app.no, 'u1', { uuid: 'the first' })]);

      const again = await ports.users.register([userSample(app.no, 'u0'), userSample(app.no, 'u1')]);

      expect(again).toEqual({ taken: ['u1'] });
      expect(await ports.users.find(app.no, 'u0')).toBeUndefined();
      expect(await ports.users.find(app.no, 'u1')).toMatchObject({ uuid: 'the first' });
    });

    it('takes an id once within one call', async () => {
      const { ports, app } = world();

      const twice = await ports.users.register([userSample(app.no, 'u1'), userSample(app.no, 'u1')]);

      expect(twice).toEqual({ taken: ['u1'] });
      expect(await ports.users.find(app.no, 'u1')).toBeUndefined();
    });

    it('changes what it is told to, and nothing else, and answers the user as it now is', async () => {
      const { ports, app } = world();
      const [first, second] = [userSample(app.no, 'u1', { nickname: 'One' }), userSample(app.no, 'u2')];
      await ports.users.register([first, second]);
      const modifiedAt = first.modifiedAt + 1;

      const renamed = await ports.users.change(app.no, 'u1', { nickname: '小王', modifiedAt });
      expect(renamed).toEqual({ ...first, nickname: '小王', modifiedAt });
      const secured = {
        passwordHash: 'another hash',
        activated: false,
        nickname: null,
        modifiedAt: modifiedAt + 1,
      };
      const changed = await ports.users.change(app.no, 'u1', secured);

      expect(changed).toEqual({ ...first, ...secured });
      expect(await ports.users.find(app.no, 'u1')).toEqual(changed);
      expect(await ports.users.find(app.no, 'u2')).toEqual(second);
      expect(await ports.users.change(app.no, 'u3', { modifiedAt })).toBeUndefined();
      expect(await ports.users.change(app.no + 1, 'u1', { modifiedAt })).toBeUndefined();
    });

    it('removes a user and answers it as it was; its id is free, its messages stay', async () => {
      const { ports, app, send, conversations } = world();
      const user = userSample(app.no, 'u1');
      await ports.users.register([user, userSample(app.no, 'u2')]);
      await send();
      expect(await ports.users.remove(app.no + 1, 'u1')).toBeUndefined();

      expect(await ports.users.remove(app.no, 'u1')).toEqual(user);

      expect(await ports.users.find(app.no, 'u1')).toBeUndefined();
      expect(await ports.users.find(app.no, 'u2')).toBeDefined();
      expect(await ports.users.remove(app.no, 'u1')).toBeUndefined();
      expect(await conversations('u1')).toHaveLength(1);
      const again = userSample(app.no, 'u1', { uuid: 'another' });
      expect(await ports.users.register([again])).toEqual({ taken: [] });
      expect(await ports.users.find(app.no, 'u1')).toEqual(again);
    });

    it('race, remove and remove: one of them removes it', async () => {
      const { ports, app } = world();
      await ports.users.register([userSample(app.no, 'u1')]);

      const removed = await Promise.all([1, 2, 3].map(() => ports.users.remove(app.no, 'u1')));

      expect(removed.filter((user) => user !== undefined)).toHaveLength(1);
    });

    it('race, register and register: one of them gets the id', async () => {
      const { ports, app } = world();

      const outcomes = await Promise.all(
        ['a', 'b', 'c'].map((uuid) => ports.users.register([userSample(app.no, 'u1', { uuid })])),
      );

      expect(outcomes.filter(({ taken }) => taken.length === 0)).toHaveLength(1);
    });
  });
}

/** Secrets: the first value stays. */
export function describeSecrets(name: string, harness: StorageHarness): void {
  describe(`Secrets: ${name}`, () => {
    const world = useWorld(harness);

    it('keeps the first value and answers the one that is stored', async () => {
      const { secrets } = world().ports;

      expect(await secrets.get('root-token')).toBeUndefined();
      expect(await secrets.putIfAbsent('root-token', 'sealed 1')).toBe('sealed 1');
      expect(await secrets.putIfAbsent('root-token', 'sealed 2')).toBe('sealed 1');
      expect(await secrets.get('root-token')).toBe('sealed 1');
      expect(await secrets.get('other')).toBeUndefined();
    });

    it('race, put and put: everybody is answered the same value', async () => {
      const { secrets } = world().ports;

      const values = await Promise.all(['a', 'b', 'c'].map((value) => secrets.putIfAbsent('key', value)));

      expect(new Set(values).size).toBe(1);
      expect(await secrets.get('key')).toBe(values[0]);
    });
  });
}
