import { createServer as createTcpServer } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { hang } from '../testing/receiver.js';
import { deafPort, givenReceiver, givenSender, listen, loopback, post } from '../testing/sending.js';
import { until } from '../testing/until.js';

// Short connects in a long whole, or the other way round: which deadline it was shows in the line.
const shortConnect = { connectMs: 500, totalMs: 20_000 };
const shortTotal = { connectMs: 20_000, totalMs: 500 };

/** Writes a byte now and then, for as long as the connection lives. */
function drip(socket: Socket, first: string, bytes: string): void {
  socket.resume().write(first);
  const timer = setInterval(() => socket.write(bytes), 20);
  socket.on('close', () => clearInterval(timer));
}

describe('a connection that does not come about ends at its deadline, and says what it waited for', () => {
  it('a name server that hangs', async () => {
    const sender = givenSender({ timeouts: shortConnect, resolve: () => new Promise(() => undefined) });

    expect(await post(sender, 'http://slow.example.com/')).toMatchObject({
      status: null,
      error: 'the host name was not resolved within 500 ms',
    });
  });

  it('a host that answers no SYN', async () => {
    const port = await deafPort();
    const sender = givenSender({ timeouts: shortConnect, resolve: loopback });

    expect(await post(sender, `http://deaf.example.com:${port}/`)).toMatchObject({
      status: null,
      error: 'no connection was made within 500 ms',
    });
  });

  it('a TLS handshake that stalls', async () => {
    const sockets: Socket[] = [];
    const port = await listen(createTcpServer((socket) => sockets.push(socket.resume())));
    const sender = givenSender({ timeouts: shortConnect });

    expect(await post(sender, `https://127.0.0.1:${port}/`)).toMatchObject({
      status: null,
      error: 'the TLS handshake was not over within 500 ms',
    });
    await until(
      'the connection is closed',
      () => sockets.length === 1 && sockets.every((one) => one.destroyed),
    );
  });

  it('the whole deadline holds for connecting too', async () => {
    const sender = givenSender({ timeouts: shortTotal, resolve: () => new Promise(() => undefined) });

    expect((await post(sender, 'http://slow.example.com/')).error).toBe('no connection within 500 ms');
  });
});

describe('an answer that does not come about ends at the deadline of the whole', () => {
  it('no byte of it', async () => {
    const receiver = await givenReceiver(hang);

    expect(await post(givenSender({ timeouts: shortTotal }), receiver.url)).toMatchObject({
      status: null,
      error: 'no answer within 500 ms',
      answerHead: null,
    });
  });

  it('headers that drip, and the connection is closed', async () => {
    let closed = false;
    const server = createTcpServer((socket) => {
      socket.on('close', () => (closed = true));
      drip(socket, 'HTTP/1.1 200 OK\r\nX-Drip: ', 'x');
    });
    const port = await listen(server);

    expect(await post(givenSender({ timeouts: shortTotal }), `http://127.0.0.1:${port}/`)).toMatchObject({
      status: null,
      error: 'no answer within 500 ms',
    });
    await until('the connection is closed', () => closed);
  });

  it('interim answers without end', async () => {
    const port = await listen(
      createTcpServer((socket) => drip(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n')),
    );

    expect((await post(givenSender({ timeouts: shortTotal }), `http://127.0.0.1:${port}/`)).error).toBe(
      'no answer within 500 ms',
    );
  });

  it.each([
    [
      'a body that stops',
      (socket: Socket) => socket.resume().write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    [
      'a body that drips',
      (socket: Socket) => drip(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nhalf', 'x'),
    ],
    [
      'a body without an end',
      (socket: Socket) =>
        drip(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', '1\r\nx\r\n'),
    ],
  ])('%s: the status has come, so it counts, and the connection is closed', async (_, answer) => {
    let closed = false;
    const server = createTcpServer((socket) => {
      socket.on('close', () => (closed = true));
      answer(socket);
    });
    const port = await listen(server);

    const attempt = await post(givenSender({ timeouts: shortTotal }), `http://127.0.0.1:${port}/`);

    expect(attempt).toMatchObject({ status: 200, error: null });
    expect(attempt.answerHead).toMatch(/^halfx*$/);
    await until('the connection is closed', () => closed);
  });
});
