import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer, temporaryFolder } from './support/server.js';
import type { RunningServer } from './support/server.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** One command block of the walk-through, and what the README says it prints. */
interface Step {
  readonly commands: string;
  readonly printed: string | undefined;
}

function walkOf(readme: string): { readonly steps: readonly Step[]; readonly callbacks: string } {
  const walk = readme.slice(readme.indexOf('```sh\nAPI='), readme.indexOf('Every route is at'));
  const blocks = [...walk.matchAll(/```(sh|json|text)\n([\s\S]*?)```/g)].map(([, kind, text]) => ({
    kind,
    text: text ?? '',
  }));
  const steps = blocks.flatMap(({ kind, text }, index): Step[] => {
    const next = blocks[index + 1];
    return kind === 'sh' ? [{ commands: text, printed: next?.kind === 'json' ? next.text : undefined }] : [];
  });
  return { steps, callbacks: blocks.find(({ kind }) => kind === 'text')?.text ?? '' };
}

/** What differs from run to run: ids, times, digests, ports, the machine's name. */
function normalised(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replace(/\b[0-9a-f]{32}\b/g, 'DIGEST')
    .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replace(/\d{10,}/g, 'NUMBER')
    .replace(/"duration":\d+/g, '"duration":MS')
    .replace(/"MsgKey":"[^"]*"/g, '"MsgKey":"KEY"')
    .replace(/"host":"[^"]*"/g, '"host":"HOST"')
    .trim();
}

describe.each(['README.md', 'README.zh-CN.md'])('the walk-through of %s', (file) => {
  const { steps, callbacks } = walkOf(readFileSync(`${root}${file}`, 'utf8'));
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: RunningServer;
  let receiver: ChildProcess;
  let received = '';
  let receiverPort = '';

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startServer(folder.dir, {
      RECALLD_ROOT_TOKEN: 'operator-token',
      RECALLD_CLIENT_ID: 'my-client',
      RECALLD_CLIENT_SECRET: 'my-client-secret',
      RECALLD_APP: 'demo-org#demo-app',
      RECALLD_SDKAPPID: '1400000000',
    });
    receiver = spawn(process.execPath, [`${root}examples/receiver.mjs`, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    receiver.stdout?.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await vi.waitFor(() => expect(received).toContain('waiting'));
    receiverPort = /:(\d+)/.exec(received)?.[1] ?? '';
    received = '';
  });

  afterAll(async () => {
    receiver.kill();
    await once(receiver, 'exit');
    await server.stop();
    await folder.remove();
  });

  it('prints what the page says it prints', async () => {
    expect(steps.length).toBeGreaterThan(8);
    const separator = '--- next step ---';
    const script = steps
      .map(({ commands }) => `${commands}\nprintf '\\n%s\\n' '${separator}'`)
      .join('\n')
      .replaceAll('http://127.0.0.1:8080', server.url)
      .replaceAll('127.0.0.1:9000', `127.0.0.1:${receiverPort}`);
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    const printed = stdout.split(separator);
    for (const [index, step] of steps.entries()) {
      if (step.printed === undefined) continue;
      expect(normalised(printed[index] ?? '')).toBe(normalised(step.printed));
    }
    await vi.waitFor(() => expect(received.trim().split('\n')).toHaveLength(4), { timeout: 10_000 });
    const sorted = (text: string) => normalised(text).split('\n').sort();
    expect(sorted(received)).toEqual(sorted(callbacks));
  });
});
