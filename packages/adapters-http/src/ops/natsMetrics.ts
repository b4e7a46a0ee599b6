import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What metrics tell of NATS. Looked at in each scrape: in memory, without waiting. */
export interface NatsState {
  connected(): boolean;
  /** By feed, `events` or `callbacks`: for how long the oldest thing that it has to publish has waited. */
  lag(): Readonly<Record<string, { readonly lagMs: number }>>;
}

export function observeNats(registry: Registry, nats: NatsState): void {
  new Gauge({
    name: 'recalld_nats_connected',
    help: 'Whether NATS is connected: 1 or 0',
    registers: [registry],
    collect() {
      this.set(nats.connected() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'recalld_feed_lag_seconds',
    help: 'For how long the oldest event that a feed has to publish on NATS has waited; 0 when none does',
    labelNames: ['feed'] as const,
    registers: [registry],
    collect() {
      for (const [feed, { lagMs }] of Object.entries(nats.lag())) this.set({ feed }, lagMs / 1000);
    },
  });
}
