import { boot } from '../boot.js';
import { readConfig } from '../config.js';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A started server as its users see it, and what it said to the person who started it. */
export async function startServer(dataDir: string, env: Readonly<Record<string, string>> = {}) {
  const said: string[] = [];
  const config = readConfig({ RECALLD_CALLBACK_ALLOW_PRIVATE: 'true', ...env, RECALLD_DATA_DIR: dataDir });
  const server = await boot(config, silent, (line) => said.push(line));
  const url = await server.start('127.0.0.1', 0);

  async function call(method: string, at: string, token: string | undefined, body?: object) {
    const response = await fetch(`${url}${at}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  }
  return {
    server,
    url,
    said: said.join('\n'),
    call,
    login: (client_id: string, client_secret: string) =>
      call('POST', '/demo-org/demo-app/token', undefined, {
        grant_type: 'client_credentials',
        client_id,
        client_secret,
      }),
  };
}

export type Running = Awaited<ReturnType<typeof startServer>>;
