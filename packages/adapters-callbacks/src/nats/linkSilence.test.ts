import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { keptLog, noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';

const { broker, link, afterwards } = useClosing();

/** The sockets of this process whose other end is a port of this machine. */
function socketsTo(port: number): number {
  const far = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // Established ones (01) and those that the far end has yet to take.
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => line.trim().split(/\s+/)[2] === far && / (01|02) /.test(line)).length;
}

/** A port that takes connections, and says at most one thing. */
async function mute(says = '') {
  const open = new Set<Socket>();
  let taken = 0;
  const server = createServer((socket) => {
    taken += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    socket.resume().write(says);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `nats://127.0.0.1:${port}`, open, taken: () => taken };
}

describe('the link to a port that says nothing', () => {
  const info =
    'INFO {"server_id":"x","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576,"tls_required":true}\r\n';

  it('at all, after its greeting, or when it is to encrypt, has one socket at a time, and none when it is closed', async () => {
    const cases = [
      ['', 'nats'],
      [info.replace(',"tls_required":true', ''), 'nats'],
      [info, 'tls'],
    ] as const;
    await Promise.all(
      cases.map(async ([says, scheme]) => {
        const silent = await mute(says);
        const made = link(silent.url.replace('nats', scheme));

        await until('it tries again', () => silent.taken() >= 2, 15_000);

        expect(silent.open.size).toBeLessThanOrEqual(1);
        await made.close();
        await until('none is left', () => silent.open.size === 0, 1_000);
      }),
    );
  });

  it('ends with its tries when it is closed in the midst of them', async () => {
    const [first, second] = [await mute(), await mute()];
    const log = keptLog();
    const made = link(`${first.url},${second.url}`, log);
    await until('it tries', () => first.taken() + second.taken() > 0);

    await made.close();

    await until('none is left', () => first.open.size + second.open.size === 0, 1_000);
    expect(log.lines).toEqual([]);
  });
});

describe.skipIf(noNatsServer)('the link beside a port that says nothing', () => {
  it('takes the broker of its list, and has no other socket', async () => {
    const silent = await mute();
    const server = await broker();
    const made = link(`${silent.url},${server.url}`);

    await until('it is connected', () => made.connected());
    await server.kill();
    await until('it tries the other', () => silent.taken() >= 1, 15_000);
    await server.start();
    await until('it is back', () => made.connected(), 15_000);

    await until('the others are closed', () => silent.open.size === 0, 1_000);
  });

  it('notices a broker that stands still although there is much to write, has one socket at a time, and notices its return', async () => {
    const server = await broker();
    const made = link(server.url);
    await until('it is connected', () => made.connected());
    server.pause();
    for (let i = 0; i < 20; i += 1) made.current()?.nats.publish('some.subject', new Uint8Array(900_000));

    await until('the silence is noticed', () => !made.connected(), 15_000);
    await new Promise((resolve) => setTimeout(resolve, 3_500));

    expect(socketsTo(server.port)).toBeLessThanOrEqual(1);
    server.resume();
    await until('it is back', () => made.connected());
    await made.close();
    await until('none is left', () => socketsTo(server.port) === 0, 2_000);
  });
});
