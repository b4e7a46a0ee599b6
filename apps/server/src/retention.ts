import { readRecallPolicy } from '@recalld/domain';
import type { Apps, EventLog } from '@recalld/domain';
import { ConfigError } from './configValues.js';

/**
 * A message must be kept for as long as it may be recalled.
 * @throws ConfigError when an app's recall window is longer than the retention.
 */
export async function checkRetention(apps: Apps, log: EventLog, retentionMs: number | null): Promise<void> {
  if (retentionMs === null) return;
  for (const app of await apps.all()) {
    const { windowSeconds } = await readRecallPolicy(log, app.no);
    if (windowSeconds * 1000 <= retentionMs) continue;
    throw new ConfigError(
      `RECALLD_MESSAGE_RETENTION holds ${retentionMs / 1000} seconds; it takes at least the recall window of ` +
        `${app.org}#${app.name}, ${windowSeconds} seconds`,
    );
  }
}
