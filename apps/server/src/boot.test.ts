import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { SealBroken } from '@recalld/adapters-security';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startServer as start } from './testing/running.js';
import type { Running } from './testing/running.js';

const newKey = 'a new secret key, of the environment';
const ruleSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What Standard Webhooks 1.0 says a verifier does. */
function verifies({ headers, body }: Received): boolean {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const key = Buffer.from(ruleSecret.slice('whsec_'.length), 'base64');
  const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}

async function startReceiver() {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    received,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const rules = '/admin/v1/apps/demo-org/demo-app/callback-rules';

describe('a server under another secret key', () => {
  let dataDir: string;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  beforeEach(async () => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'recalld-boot-'));
    receiver = await startReceiver();
  });
  afterEach(() => {
    receiver.close();
    rmSync(dataDir, { recursive: true });
  });

  /** A stopped server that was started with a generated key, and what its users have of it. */
  async function given() {
    const { server, said, call, login } = await start(dataDir);
    const shown = (what: string) => new RegExp(`${what}[^:]*: (\\S+)`).exec(said)?.[1] ?? '';
    const [rootToken, clientId, clientSecret] = ['root token', 'client id', 'client secret'].map(shown);
    const credentials = {
      rootToken: rootToken ?? '',
      clientId: clientId ?? '',
      clientSecret: clientSecret ?? '',
    };
    const appToken = String((await login(credentials.clientId, credentials.clientSecret)).body.access_token);
    const made = await call('POST', rules, credentials.rootToken, {
      name: 'backend',
      url: receiver.url,
      dialect: 'native',
      secret: ruleSecret,
    });
    expect(made.status).toBe(201);
    await server.stop();
    const oldKey = readFileSync(path.join(dataDir, 'secret.key'), 'utf8').trim();
    return { ...credentials, appToken, ruleId: String(made.body.id), oldKey };
  }

  /** Asks for a test callback and waits for it. */
  async function tested({ call }: Running, rootToken: string, ruleId: string) {
    const before = receiver.received.length;
    expect((await call('POST', `${rules}/${ruleId}/test`, rootToken)).status).toBe(202);
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(before), 15_000);
    const [last] = receiver.received.slice(-1);
    if (last === undefined) throw new Error('nothing was received');
    return last;
  }

  it('given a generated key before, then everything that was sealed under it goes on, and it alone is useless', async () => {
    const { rootToken, clientId, clientSecret, appToken, ruleId, oldKey } = await given();

    const rotated = await start(dataDir, { RECALLD_SECRET_KEY: newKey });
    expect(rotated.said).toBe('');
    expect(existsSync(path.join(dataDir, 'secret.key'))).toBe(false);
    expect((await rotated.call('GET', rules, rootToken)).status).toBe(200);
    expect((await rotated.call('GET', rules, appToken)).status).toBe(200);
    expect((await rotated.login(clientId, clientSecret)).status).toBe(200);
    expect(verifies(await tested(rotated, rootToken, ruleId))).toBe(true);
    // A change makes a new version of what is kept in memory: that must not bring old seals back.
    const renamed = await rotated.call('PATCH', `${rules}/${ruleId}`, rootToken, { name: 'renamed' });
    expect(renamed.status).toBe(200);
    await rotated.server.stop();

    await expect(start(dataDir, { RECALLD_SECRET_KEY: oldKey })).rejects.toThrow(SealBroken);
    const later = await start(dataDir, { RECALLD_SECRET_KEY: newKey });
    expect((await later.call('GET', rules, appToken)).status).toBe(200);
    expect((await later.login(clientId, clientSecret)).status).toBe(200);
    expect(verifies(await tested(later, rootToken, ruleId))).toBe(true);
    await later.server.stop();
  });

  it('given the key before in the environment, then the same holds', async () => {
    const { rootToken, ruleId } = await given();
    const newest = `${newKey}, the newest`;
    for (const env of [
      { RECALLD_SECRET_KEY: newKey },
      { RECALLD_SECRET_KEY: newest, RECALLD_SECRET_KEY_PREVIOUS: newKey },
      { RECALLD_SECRET_KEY: newest },
    ]) {
      const { server, call } = await start(dataDir, env);
      expect((await call('GET', rules, rootToken)).status).toBe(200);
      await server.stop();
    }
    await expect(start(dataDir, { RECALLD_SECRET_KEY: newKey })).rejects.toThrow('check RECALLD_SECRET_KEY');
    const { server, ...rest } = await start(dataDir, { RECALLD_SECRET_KEY: newest });
    expect(verifies(await tested({ server, ...rest }, rootToken, ruleId))).toBe(true);
    await server.stop();
  });

  it('given a key that is not theirs, then the start stops, and the right one still works', async () => {
    const { rootToken, oldKey } = await given();
    rmSync(path.join(dataDir, 'secret.key'));
    await expect(start(dataDir, { RECALLD_SECRET_KEY: newKey })).rejects.toThrow(
      'a stored secret was sealed under another key: check RECALLD_SECRET_KEY',
    );
    const { server, call } = await start(dataDir, { RECALLD_SECRET_KEY: oldKey });
    expect((await call('GET', rules, rootToken)).status).toBe(200);
    await server.stop();
  });
});
