import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpProxy {
  readonly url: string;
  close(): void;
}

/** Passes requests and upgrades on, and says that they come from `caller`, after what they say themselves. */
export async function startHttpProxy(serverUrl: string, caller: string): Promise<HttpProxy> {
  const pass = ({ url = '/', method, headers }: IncomingMessage) => {
    const said = headers['x-forwarded-for'];
    const forwardedFor = [...(said === undefined ? [] : [said]), caller].join(', ');
    const passed = { ...headers, 'x-forwarded-for': forwardedFor };
    return http.request(new URL(url, serverUrl), { method, headers: passed, agent: false });
  };
  const proxy = http.createServer((request, response) => {
    const passed = pass(request);
    passed.on('error', () => response.destroy());
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  proxy.on('upgrade', (request, near) => {
    const passed = pass(request);
    passed.on('error', () => near.destroy());
    passed.on('upgrade', ({ rawHeaders }, far, head) => {
      const lines = ['HTTP/1.1 101 Switching Protocols'];
      for (let at = 0; at < rawHeaders.length; at += 2)
        lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
      near.write(`${lines.join('\r\n')}\r\n\r\n`);
      far.unshift(head);
      near.pipe(far).pipe(near);
      near.on('error', () => far.destroy()).on('close', () => far.destroy());
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
    });
    passed.end();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close() {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}
