import { adminApi, createApp, easemobApi, opsApi } from '@recalld/adapters-http';
import type { HttpDeps, Metrics } from '@recalld/adapters-http';
import type { Signals } from '@recalld/domain';
import type { FastifyInstance } from 'fastify';
import { version } from './version.js';

export interface HttpParts extends HttpDeps {
  readonly metrics: Metrics;
  readonly signals: Signals;
  /** Throws when storage does not answer. */
  readonly health: () => Promise<void>;
}

/** Every API of this server on one listener: the Easemob contract, management, probes. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { metrics, health } = parts;
  const admin = adminApi(parts);
  const ops = opsApi({
    version,
    metrics,
    checks: [{ name: 'storage', required: true, check: health }],
    apis: [easemobApi(parts), admin],
  });
  return createApp(parts, {
    apis: [admin, ops],
    observers: [(answered) => metrics.requestAnswered(answered)],
  });
}
