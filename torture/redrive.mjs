// @ts-check
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../scripts/lib/project.mjs';

const run = promisify(execFile);

/**
 * Publishes the whole log again, beside the running server.
 *
 * @param {Record<string, string>} env of the server
 */
export async function redriveAll(env) {
  const cli = join(root, 'apps/server/dist/cli.js');
  try {
    const { stdout } = await run(process.execPath, [cli, 'redrive', '--from', '1'], {
      env: { PATH: process.env.PATH ?? '', ...env },
      timeout: 120_000,
    });
    return { ok: true, text: stdout.trim().split('\n').at(-1) ?? '' };
  } catch (fault) {
    return { ok: false, text: fault instanceof Error ? (fault.message.split('\n')[0] ?? '') : String(fault) };
  }
}
