import { adminApi, createApp, easemobApi, opsApi } from '@recalld/adapters-http';
import type { AdminDeps, HttpDeps, Metrics, ReadinessCheck } from '@recalld/adapters-http';
import type { MsyncServer } from '@recalld/adapters-msync';
import type { FastifyInstance } from 'fastify';
import { version } from './version.js';

export interface HttpParts extends HttpDeps, AdminDeps {
  readonly metrics: Metrics;
  /** Of devices, as metrics tell of them. */
  readonly sessions: Pick<MsyncServer, 'sessions' | 'counts'>;
  /** What a probe of readiness looks at. */
  readonly checks: readonly ReadinessCheck[];
}

/** Every API of this server on one listener: the Easemob contract, management, probes. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { metrics, checks, sessions, streams } = parts;
  metrics.watchConnections({
    sessions: () => sessions.sessions(),
    streams: () => streams.taken(),
    counts: () => sessions.counts(),
  });
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
