// @ts-check
import { runNode } from '../scripts/lib/process.mjs';
import { toolPath } from '../scripts/lib/project.mjs';
import { verdict } from './verdict.mjs';

const books = 'tests/sdk/cuts.test.ts';

/**
 * Devices of both official SDKs that talk while they are cut off, and while their server is stopped and
 * killed: the test of that, for longer.
 *
 * @param {import('./options.mjs').Options} options
 * @returns {Promise<readonly import('./verdict.mjs').Verdict[]>}
 */
export async function devices({ deviceMessages }) {
  process.env.TORTURE_MESSAGES = String(deviceMessages);
  const code = await runNode(toolPath('vitest'), ['run', books]);
  const claim = 'devices missed nothing and saw nothing twice; histories and store agree';
  return [verdict('devices', claim, `8 devices, ${deviceMessages} messages each`, code === 0)];
}
