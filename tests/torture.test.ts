import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNatsServer } from '../scripts/lib/natsServer.mjs';

const main = fileURLToPath(new URL('../torture/main.mjs', import.meta.url));

describe.skipIf(findNatsServer() === undefined)('npm run torture', () => {
  it('given a small storm, harassed nodes, a hanging neighbour and every address form, then each claim holds', async () => {
    const child = spawn(process.execPath, [main, '--small'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));

    const [code] = (await once(child, 'close')) as [number];

    expect(output.match(/^\| (storm|nodes|neighbours|addresses)/gm)?.length, output).toBeGreaterThan(10);
    expect(output).not.toContain('BROKEN');
    expect(code, output).toBe(0);
  }, 480_000);
});
