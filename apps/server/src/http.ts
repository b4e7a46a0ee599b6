import { adminApi, createApp, easemobApi, opsApi } from '@recalld/adapters-http';
import type { AdminDeps, HttpDeps, Metrics, ReadinessCheck } from '@recalld/adapters-http';
import type { FastifyInstance } from 'fastify';
import { version } from './version.js';

export interface HttpParts extends HttpDeps, AdminDeps {
  readonly metrics: Metrics;
  /** What a probe of readiness looks at. */
  readonly checks: readonly ReadinessCheck[];
}

/** Every API of this server on one listener: the Easemob contract, management, probes. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { metrics, checks } = parts;
  const admin = adminApi(parts);
  const ops = opsApi({
    version,
    metrics,
    checks,
    apis: [easemobApi(parts), admin],
  });
  return createApp(parts, {
    apis: [admin, ops],
    observers: [(answered) => metrics.requestAnswered(answered)],
  });
}
