import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A connection to a server, over which anything at all may be written. */
export interface Wire {
  readonly socket: Socket;
  /** All that came, once the server has closed. */
  readonly heard: Promise<string>;
}

/** Connects; the server listens from the first time on. */
export async function openWire(server: FastifyInstance): Promise<Wire> {
  if (!server.server.listening) await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const heard = new Promise<string>((resolve, reject) => {
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
  return { socket, heard };
}

/** Writes one request, and waits for all that comes until the server closes. */
export async function speak(server: FastifyInstance, request: string): Promise<string> {
  const { socket, heard } = await openWire(server);
  socket.write(request);
  return heard;
}

/** Status and JSON body of one raw answer; the body is undefined when it is empty. */
export function readAnswer(heard: string): { readonly status: number; readonly body: unknown } {
  const [head = '', text = ''] = heard.split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  return { status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}
