import { createHash } from 'node:crypto';
import type { Topic } from '@recalld/domain';
import { changeRule } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';
import { callIdsOf, given } from '../testing/givenWorker.js';
import { hang, openReceiver, status } from '../testing/receiver.js';
import type { Answer } from '../testing/receiver.js';
import { sampleNow } from '../testing/samples.js';
import { until } from '../testing/until.js';

describe('a delivery', () => {
  it('goes out as soon as its recall is announced, and its attempt is kept', async () => {
    const { app, receiver, recall, settledAs, started, storage, deliveries } = given();
    const backend = await receiver((response) => response.end('thanks'));
    const acme = await app('acme', backend, { sealedSecret: 's3cr3t' });
    started({ bounds: { sweepMs: 60_000 } });

    await recall(acme);
    await settledAs(acme, 'delivered');

    const [{ id = '' } = {}] = await deliveries(acme);
    const found = await storage.deliveryReader.find(acme.no, id);
    expect(found?.attempts).toMatchObject([
      { requestedAt: sampleNow, status: 200, error: null, answerHead: 'thanks' },
    ]);
    expect(found?.attempts[0]?.request?.url).toContain(backend.url);
    const said = JSON.parse(backend.received[0]?.body ?? '') as Record<string, string>;
    const signed = `${said['callId']}s3cr3t${said['timestamp']}`;
    expect(said['security']).toBe(createHash('md5').update(signed).digest('hex'));
  });

  it('is found by the sweep when no signal came', async () => {
    const { app, receiver, recall, started, signals } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    const deaf = { ...signals, listen: () => () => undefined };
    started({ signals: deaf, bounds: { sweepMs: 20 } });

    await recall(acme);

    await until('the callback is there', () => backend.received.length === 1);
  });

  it('is made again when it is due, not at the next sweep', async () => {
    const clock = { now: () => Date.now(), advance: () => undefined };
    const { app, receiver, recall, started } = given(clock);
    const backend = await receiver(status(500));
    const acme = await app('acme', backend);
    started({ bounds: { sweepMs: 600_000 } });

    await recall(acme);

    await until('the second attempt is made', () => backend.received.length === 2);
  });

  it.each([201, 204, 302, 400, 404, 500])(
    'fails with status %i and is made again after a second',
    async (code) => {
      const { app, receiver, recall, started, state, pass, settledAs } = given();
      const backend = await receiver(status(code));
      const acme = await app('acme', backend);
      started();

      await recall(acme);
      await until('the attempt failed', async () => (await state(acme)).attempts === 1);
      expect(await state(acme)).toEqual({ status: 'waiting', attempts: 1, dueAt: sampleNow + 1_000 });

      backend.answer(status(200));
      pass(1_000);
      await settledAs(acme, 'delivered');

      expect(await state(acme)).toEqual({ status: 'delivered', attempts: 2 });
      expect(new Set(callIdsOf(backend)).size).toBe(1);
    },
  );

  it('waits as long as its receiver asks', async () => {
    const { app, receiver, recall, started, state } = given();
    const busy: Answer = (response) => response.writeHead(503, { 'retry-after': '120' }).end();
    const acme = await app('acme', await receiver(busy));
    started();

    await recall(acme);
    await until('the attempt failed', async () => (await state(acme)).attempts === 1);

    expect(await state(acme)).toEqual({ status: 'waiting', attempts: 1, dueAt: sampleNow + 120_000 });
  });

  it('fails when the receiver hangs up, hangs, or is not there', async () => {
    const { app, receiver, recall, started, deliveries, storage } = given();
    const hangingUp = await app('hanging-up', await receiver((response) => response.destroy()));
    const hanging = await app('hanging', await receiver(hang));
    const gone = await openReceiver();
    await gone.close();
    const missing = await app('missing', gone);
    started({ timeoutMs: 100 });

    const apps = [hangingUp, hanging, missing];
    for (const one of apps) await recall(one);

    for (const one of apps) {
      await until('the attempt failed', async () => (await deliveries(one))[0]?.state.attempts === 1);
      const [{ id = '', lastError } = {}] = await deliveries(one);
      expect(lastError).toMatch(/closed|no answer|refused/);
      expect((await storage.deliveryReader.find(one.no, id))?.attempts.length).toBe(1);
    }
  });

  it('is dead when its schedule has run out, and is made again on demand under the same id', async () => {
    const { app, receiver, recall, started, state, pass, settledAs, deliveries, storage, logged, clock } =
      given();
    const backend = await receiver(status(500));
    const acme = await app('acme', backend);
    started();
    await recall(acme);

    for (let attempts = 1; attempts <= 12; attempts += 1) {
      await until(`attempt ${attempts} failed`, async () => {
        const current = await state(acme);
        return current.status === 'waiting' && current.attempts === attempts;
      });
      pass(24 * 60 * 60 * 1_000 * 1.2);
    }
    await settledAs(acme, 'dead');
    expect(logged.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'a callback delivery is dead', fields: { attempts: 13, status: 500 } },
    ]);

    backend.answer(status(200));
    const [{ id = '' } = {}] = await deliveries(acme, 'dead');
    await storage.redeliveries.one(acme.no, id, clock.now());
    // Its rule is suspended by now: the redelivery is the next probe.
    await storage.ruleHealths.probeNow(acme.no, 'rule of acme', clock.now());
    pass(0);
    await settledAs(acme, 'delivered');

    expect(callIdsOf(backend).length).toBe(14);
    expect(new Set(callIdsOf(backend)).size).toBe(1);
  });

  it('that cannot be rendered fails like any other, and is logged without its secret', async () => {
    const { app, receiver, recall, started, state, logged, deliveries, storage } = given();
    const acme = await app('acme', await receiver());
    const requests = { render: () => Promise.reject(new Error('the secret was sealed under another key')) };
    started({ requests });

    await recall(acme);
    await until('the attempt failed', async () => (await state(acme)).attempts === 1);

    const [{ id = '', lastError } = {}] = await deliveries(acme);
    expect(lastError).toBe('the request could not be rendered');
    const found = await storage.deliveryReader.find(acme.no, id);
    expect(found?.attempts).toMatchObject([{ request: null, status: null, tookMs: 0 }]);
    expect(logged).toContainEqual(expect.objectContaining({ message: 'a callback could not be rendered' }));
  });
});

describe('a rule', () => {
  it('that was suspended, and resumed, is announced once each', async () => {
    const { app, receiver, recall, started, state, pass, settledAs, signals } = given();
    const heard: Topic[] = [];
    signals.listen((topic) => heard.push(topic));
    const announced = () => heard.filter((topic) => topic === 'ruleHealthChanged').length;
    const backend = await receiver(status(500));
    const acme = await app('acme', backend);
    started();
    await recall(acme);
    for (let attempts = 1; attempts <= 5; attempts += 1) {
      await until(`attempt ${attempts} failed`, async () => {
        const current = await state(acme);
        return current.status === 'waiting' && current.attempts === attempts;
      });
      expect(announced()).toBe(attempts < 5 ? 0 : 1);
      pass(150_000);
    }

    backend.answer(status(200));
    pass(24 * 60 * 60 * 1_000);
    await settledAs(acme, 'delivered');

    await until('that it works is announced', () => announced() === 2);
  });

  it('that is disabled has nothing started any more, and goes on when it is enabled', async () => {
    const { app, receiver, recall, started, storage, deliveries, clock, signals } = given();
    const releases: (() => void)[] = [];
    const backend = await receiver();
    const acme = await app('acme', backend);
    started();
    const leased = async () =>
      (await deliveries(acme, 'pending')).filter(({ state }) => state.status === 'leased').length;
    await recall(acme);
    await until('the receiver is known as quick', () => backend.received.length === 1);
    backend.answer((response) => releases.push(() => response.end()));
    await recall(acme, 30);
    await until('some are under way, the others wait', async () => (await leased()) === 30);
    await until('some are under way', () => releases.length === 8);

    await changeRule(storage.rules, acme.no, 'rule of acme', { enabled: false }, clock.now());
    signals.announce(['deliveriesDue']);
    await until('only those under way are in hand', async () => (await leased()) === 8);
    for (const release of releases) release();
    await until('those are delivered', async () => (await deliveries(acme, 'delivered')).length === 9);
    expect(backend.received.length).toBe(9);

    backend.answer(status(200));
    await changeRule(storage.rules, acme.no, 'rule of acme', { enabled: true }, clock.now());
    signals.announce(['deliveriesDue']);
    await until('all are delivered', async () => (await deliveries(acme, 'delivered')).length === 31);
    expect(backend.received.length).toBe(31);
  });

  it('whose receiver begins to hang keeps nothing waiting in the worker’s hands', async () => {
    const { app, receiver, recall, started, deliveries } = given();
    const backend = await receiver();
    const acme = await app('acme', backend);
    started();
    await recall(acme);
    await until('the receiver is known as quick', () => backend.received.length === 1);
    backend.answer(hang);
    await recall(acme, 40);
    const stages = async () => (await deliveries(acme, 'pending')).map(({ state }) => state.status);
    await until('all are in hand', async () => (await stages()).every((stage) => stage === 'leased'));

    await until(
      'those that wait are in the queue',
      async () => (await stages()).filter((stage) => stage === 'waiting').length === 32,
    );

    expect(backend.received.length).toBe(9);
  });

  it('whose receiver asks to be left alone sends nothing else meanwhile, and others go on', async () => {
    const { app, receiver, recall, started, deliveries } = given();
    const backend = await receiver();
    const other = await receiver();
    const acme = await app('acme', backend);
    const quick = await app('quick', other);
    started({ bounds: { sweepMs: 600_000 } });
    await recall(acme);
    await until('the receiver is known as quick', () => backend.received.length === 1);
    const releases: (() => void)[] = [];
    const busy: Answer = (response) =>
      releases.push(() => response.writeHead(429, { 'retry-after': '3' }).end());
    backend.answer(busy);
    await recall(acme, 30);
    await until('some are under way, the others wait', () => releases.length === 8);

    backend.answer(status(200));
    const askedAt = performance.now();
    releases[0]?.();
    const stages = async () => (await deliveries(acme, 'pending')).map(({ state }) => state.status);
    await until(
      'what waited is back in the queue',
      async () => (await stages()).filter((stage) => stage === 'waiting').length === 23,
    );
    await recall(quick, 20);
    await until('the others are there', () => other.received.length === 20);
    for (const release of releases.slice(1)) release();
    await until('one more is there', () => backend.received.length > 9);

    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(2_990);
    await until('what was not refused is delivered', async () => {
      return (await deliveries(acme, 'delivered')).length === 23;
    });
  });
});
