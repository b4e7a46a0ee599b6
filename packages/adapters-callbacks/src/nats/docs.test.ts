import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { describe, expect, it } from 'vitest';
import { findNatsServer } from '../../../../scripts/lib/natsServer.mjs';
import { createFeedWorld } from '../testing/feedWorld.js';
import { noNatsServer, useClosing } from '../testing/natsWorld.js';
import { until } from '../testing/until.js';

const page = readFileSync(fileURLToPath(new URL('../../../../docs/nats.md', import.meta.url)), 'utf8');
const blocks = [...page.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, language, text = '']) => ({
  language,
  text,
}));
const configs = blocks.filter(({ language }) => language === '').map(({ text }) => text);
const { broker, link, afterwards } = useClosing();

describe.skipIf(noNatsServer)('the page on NATS', () => {
  it('shows configurations that the broker takes', () => {
    expect(configs).toHaveLength(2);
    const folder = mkdtempSync(path.join(tmpdir(), 'recalld-conf-'));
    for (const config of configs) {
      const file = path.join(folder, 'nats.conf');
      writeFileSync(file, config);
      const { status, stderr } = spawnSync(findNatsServer() ?? '', ['-t', '-c', file], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, expect.stringContaining('configuration file')]);
    }
    rmSync(folder, { recursive: true });
  });

  it('shows rights that let nobody read what others are sent', async () => {
    const [rights = ''] = configs;
    const server = await broker({ config: rights });
    const nats = await connect({ servers: server.url, user: 'acme', pass: 'second secret' });
    afterwards(() => nats.close());
    const refusalOf = (subject: string) =>
      new Promise<string>((resolve) => {
        nats.subscribe(subject, { callback: (err) => resolve(err?.message ?? 'allowed') });
        void nats.flush().then(() => setTimeout(() => resolve('allowed'), 200));
      });

    for (const subject of ['>', '_INBOX.>', '_INBOX_recalld.>', 'recalld.>', '_INBOX_*.>']) {
      expect(await refusalOf(subject)).toContain('Permissions Violation');
    }
    expect(await refusalOf('_INBOX_acme.>')).toBe('allowed');
  });

  it('shows a subscriber that works, with the rights that it shows', async () => {
    const [rights = ''] = configs;
    const server = await broker({ config: rights });
    const at = (login: string) => server.url.replace('nats://', `nats://${login}@`);
    const world = await createFeedWorld();
    const publisher = world.publisher(link(at('recalld:first%20secret')));
    publisher.start();
    afterwards(() => publisher.stop(1_000));
    await world.sendAndRecall();
    await until('it is published', () => publisher.lag().events.lagMs === 0);

    const example = blocks.find(({ language }) => language === 'js')?.text ?? '';
    const here = fileURLToPath(new URL('.', import.meta.url));
    const env = { ...process.env, NATS_URL: server.url, NATS_USER: 'acme', NATS_PASSWORD: 'second secret' };
    const child = spawn(process.execPath, ['--input-type=module', '-e', example], { cwd: here, env });
    afterwards(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));

    await until('it has said something', () => said.includes('\n'));
    const recalled = (await world.wholeLog()).find(({ type }) => type === 'MessageRecalled');
    const msgId = recalled?.type === 'MessageRecalled' ? recalled.data.msgId : '';
    expect(said).toBe(`message.recalled ${msgId}\n`);
  });
});
