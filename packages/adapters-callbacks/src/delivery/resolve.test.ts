import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPatientResolve, nameServersAnswer } from './resolve.js';
import { loopback, unknownName } from '../testing/sending.js';

afterEach(() => vi.restoreAllMocks());

const quickMs = 50;

/** A resolver whose names hang from when a test says so until it lets them go. */
function given(patienceMs = 20_000) {
  const asked: string[] = [];
  const hanging = new Set<string>();
  const waiting = new Map<string, () => void>();
  let address = '127.0.0.1';
  const resolve = createPatientResolve({
    patienceMs,
    quickMs,
    names: {
      resolve: async (name) => {
        asked.push(name);
        if (hanging.has(name)) await new Promise<void>((over) => waiting.set(name, over));
        if (name.startsWith('missing')) throw unknownName();
        return [{ address, family: 4 }];
      },
      answers: async (name) => !hanging.has(name),
    },
  });
  return {
    asked,
    resolve,
    /** Begins to hang, and is asked for. */
    hang: (...names: readonly string[]) =>
      names.map((name) => {
        hanging.add(name);
        return resolve(name).catch((error: Error) => error.message);
      }),
    letGo: (name: string) => {
      hanging.delete(name);
      waiting.get(name)?.();
    },
    moveTo: (to: string) => (address = to),
  };
}

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

describe('the resolver of names', () => {
  it('answers what the system does', async () => {
    const { resolve } = given();

    expect(await resolve('backend.example.com')).toEqual(await loopback());
    await expect(resolve('missing.example.com')).rejects.toEqual(unknownName());
    expect(await createPatientResolve({ patienceMs: 20_000 })('localhost')).toContainEqual({
      address: '127.0.0.1',
      family: 4,
    });
  });

  it('asks once for a name that is being resolved, and again afterwards', async () => {
    const { asked, hang, resolve, letGo } = given();
    const [first] = hang('a');
    const second = resolve('a');

    letGo('a');

    expect(await Promise.all([first, second])).toEqual([await loopback(), await loopback()]);
    expect(asked).toEqual(['a']);
    await resolve('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('answers for healthy names, known ones and new ones, beside fifty that hang', async () => {
    const { asked, hang, resolve } = given();
    const known = named('known', 20);
    await Promise.all(known.map(resolve));
    asked.length = 0;
    const stuck = named('stuck', 50);
    void hang(...stuck);

    const healthy = [...known, ...named('new', 20)];
    const answers = await Promise.all(healthy.map(resolve));

    expect(answers.length).toBe(40);
    expect(asked.toSorted()).toEqual(['stuck-0', ...healthy].toSorted());
  });

  it('holds at most two threads, whatever hangs', async () => {
    const { asked, hang, resolve } = given();
    const known = named('known', 5);
    await Promise.all(known.map(resolve));
    asked.length = 0;

    void hang(...named('stuck', 5), ...known);
    await delay(2 * quickMs);

    expect(asked).toEqual(['stuck-0', 'known-0']);
  });

  it('gives the last good answer of a name while all turns hang, for ten minutes', async () => {
    const { asked, hang, resolve, moveTo } = given();
    await Promise.all(['a', 'b', 'healthy'].map(resolve));
    asked.length = 0;
    const began = performance.now();
    void hang('stuck', 'a', 'b');
    moveTo('127.0.0.2');

    expect(await resolve('healthy')).toEqual(await loopback());
    expect(asked).toEqual(['stuck', 'a']);

    const outcome = vi.fn();
    vi.spyOn(performance, 'now').mockReturnValue(began + 600_000);
    void resolve('healthy').then(outcome);
    await delay(2 * quickMs);
    expect(outcome).not.toHaveBeenCalled();
  });

  it('gives a new answer rather than the last one, and none of a name that is gone', async () => {
    const { resolve, moveTo, letGo, hang } = given();
    await resolve('a');
    moveTo('127.0.0.2');
    expect(await resolve('a')).toEqual([{ address: '127.0.0.2', family: 4 }]);

    await expect(resolve('missing')).rejects.toEqual(unknownName());
    const [gone] = hang('missing');
    await delay(2 * quickMs);
    letGo('missing');
    expect(await gone).toBe(unknownName().message);
  });

  it('counts a look-up as slow before it is over: those in doubt wait for it, quick names do not', async () => {
    const { asked, hang, resolve, letGo } = given();
    await Promise.all(['turning', 'quick'].map(resolve));
    asked.length = 0;
    void hang('turning');
    await delay(2 * quickMs);
    const [next] = hang('stuck');

    await resolve('quick');
    expect(asked).toEqual(['turning', 'quick']);

    letGo('turning');
    await delay(10);
    letGo('stuck');
    await next;
    expect(asked).toEqual(['turning', 'quick', 'stuck']);
  });

  it('does not begin a look-up that has waited too long', async () => {
    const { asked, hang, letGo } = given(60);
    const [, late] = hang('first', 'late');
    await delay(80);

    letGo('first');

    expect(await late).toBe('the host name was not resolved in time');
    expect(asked).toEqual(['first']);
  });
});

describe('name servers', () => {
  /** A name server that says of every name that there is none, except those that it is silent about. */
  async function givenNameServer(isSilent: (query: Buffer) => boolean): Promise<Resolver> {
    const server = createSocket('udp4');
    server.on('message', (query, { port, address }) => {
      if (isSilent(query)) return;
      const answer = Buffer.from(query);
      answer.writeUInt16BE(0x8183, 2);
      server.send(answer, port, address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const resolver = new Resolver({ timeout: 50, tries: 1 });
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
    return resolver;
  }

  /** The type of record that a query asks for stands before its class. */
  const asksForIpv6 = (query: Buffer) => query.includes(Buffer.from([0, 28, 0, 1]));

  it.each([
    ['answer when they say that there is no such name', true, () => false],
    ['do not when they are silent', false, () => true],
    ['do not when they are silent about one kind of address', false, asksForIpv6],
  ])('%s', async (_, expected, isSilent) => {
    const resolver = await givenNameServer(isSilent);

    expect(await nameServersAnswer('backend.example.com', resolver)).toBe(expected);
  });
});
