import { describe, expect, it } from 'vitest';
import { keptLog, noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';
import { createNatsLink } from './link.js';

const closedPort = 'nats://127.0.0.1:1';

describe('the link to a broker that is not there', () => {
  it('is made at once all the same, says so once, and closes', async () => {
    const log = keptLog();
    const link = createNatsLink({ url: closedPort, log, name: 'test' });
    await until('it has tried', () => log.lines.length > 0);

    await new Promise((resolve) => setTimeout(resolve, 1_000));

    expect(link.connected()).toBe(false);
    expect(link.current()).toBeUndefined();
    expect(log.lines).toEqual(['NATS is not reachable; trying on {"reason":"CONNECTION_REFUSED"}']);
    await link.close();
  });

  it('is waited for as long as somebody wants, and no longer', async () => {
    const link = createNatsLink({ url: closedPort, log: keptLog(), name: 'test' });
    const hour = 3_600_000;

    expect(await link.whenConnected(50)).toBeUndefined();
    expect(await link.whenConnected(hour, AbortSignal.timeout(50))).toBeUndefined();
    expect(await link.whenConnected(hour, AbortSignal.abort())).toBeUndefined();
    const waiting = link.whenConnected(hour);
    await link.close();
    expect(await waiting).toBeUndefined();
  });

  it('refuses a URL that is none, without repeating it', () => {
    const make = () => createNatsLink({ url: 'http://user:secret@h', log: keptLog(), name: 'test' });

    expect(make).toThrow('the URL of the NATS broker is not one');
  });
});

describe.skipIf(noNatsServer)('the link to a broker', () => {
  const { broker, link } = useClosing();

  it('is there as soon as the broker is', async () => {
    const server = await broker();
    await server.kill();
    const made = link(server.url);
    let connections = 0;
    made.onConnect(() => (connections += 1));

    await server.start();

    await until('it is connected', () => made.connected());
    await made.current()?.nats.flush();
    expect(connections).toBe(1);
  });

  it('is waited for until it is there', async () => {
    const server = await broker();
    await server.kill();
    const made = link(server.url);
    const waiting = made.whenConnected(60_000);

    await server.start();

    const connection = await waiting;
    await connection?.nats.flush();
    expect(connection).toBeDefined();
    expect(await made.whenConnected(0)).toBe(connection);
  });

  it('comes back after each end of the broker, as another connection', async () => {
    const server = await broker();
    const made = link(server.url);
    await until('it is connected', () => made.connected());
    const before = made.current();
    let connections = 0;
    const endHearing = made.onConnect(() => (connections += 1));

    await server.kill();
    await until('it is lost', () => !made.connected());
    await server.start();
    await until('it is back', () => made.connected());

    expect(before?.lost.aborted).toBe(true);
    expect(made.current()?.lost.aborted).toBe(false);
    expect(connections).toBe(2);
    endHearing();
  });

  it('closes while the broker answers nothing', async () => {
    const server = await broker();
    const made = link(server.url);
    await until('it is connected', () => made.connected());
    server.pause();
    made.current()?.nats.publish('some.subject', new Uint8Array(500_000));

    const began = performance.now();
    await made.close();

    expect(performance.now() - began).toBeLessThan(5_000);
    expect(made.connected()).toBe(false);
  });

  it.each(['user%40x:p%2Fss', 'a-long-token'])('logs in as %s, and logs nothing of it', async (userInfo) => {
    const server = await broker({ userInfo });
    const log = keptLog();

    const made = link(server.url, log);
    await until('it is connected', () => made.connected());

    expect(log.lines.join('\n')).not.toMatch(/p\/ss|p%2F|a-long-token/);
  });

  it('goes on trying while its login is refused, and gets in once it is right', async () => {
    const strict = await broker({ userInfo: 'u:right' });
    const log = keptLog();
    const wrong = link(strict.url.replace('right', 'wrong'), log);

    await until('it was refused', () => log.lines.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(wrong.connected()).toBe(false);
    await strict.kill();
    await broker({ userInfo: 'u:wrong', port: strict.port });

    await until('it is in', () => wrong.connected());
    expect(log.lines.join('\n')).not.toContain('wrong');
  });

  it('takes the next broker of its list', async () => {
    const server = await broker();

    const made = link(`${closedPort},${server.url}`);

    await until('it is connected', () => made.connected());
  });
});
