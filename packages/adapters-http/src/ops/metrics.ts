import type { Clock, CommandType, DeliveryQueue, MessageRecalled, Refusal } from '@recalld/domain';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Answered } from '../route.js';
import { Durations, Tally } from './busyMetrics.js';
import { observeConnections } from './connectionMetrics.js';
import type { ConnectionState } from './connectionMetrics.js';
import { observeNats } from './natsMetrics.js';
import type { NatsState } from './natsMetrics.js';

export interface MetricsDeps {
  readonly clock: Clock;
  readonly deliveries: Pick<DeliveryQueue, 'due'>;
  /** Of the server, as `recalld_build_info` tells it. */
  readonly version: string;
  /** When NATS is used. */
  readonly nats?: NatsState;
}

/** What the server's parts report of their work. Every method takes well under a microsecond. */
export interface Metrics {
  /** An observer for `createApp`. Series are per row, never per path: paths hold ids. */
  requestAnswered(answered: Answered): void;
  commandDecided(type: CommandType, outcome: 'accepted' | 'fault' | Refusal): void;
  messageRecalled(event: MessageRecalled): void;
  deliveryAttempted(outcome: 'accepted' | 'refused', seconds: number): void;
  deliveryEnded(status: 'delivered' | 'dead'): void;
  /** What is connected; to be called once. */
  watchConnections(state: ConnectionState): void;
  /** Everything in the text format of Prometheus. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const requestSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const attemptSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics in a registry of their own, so that several servers and their embedder never mix. */
export function createMetrics(deps: MetricsDeps): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'recalld_build_info', help: 'The running version', labelNames: ['version'], registers })
    .labels(deps.version)
    .set(1);
  observeQueue(registry, deps);
  if (deps.nats !== undefined) observeNats(registry, deps.nats);

  const requests = new Durations(
    {
      name: 'recalld_http_request_duration_seconds',
      help: 'HTTP requests by route pattern, from arrival to the end of the answer',
      labelNames: ['route', 'method', 'status'],
    },
    requestSeconds,
  );
  const commands = new Tally(registry, {
    name: 'recalld_commands_total',
    help: 'Commands by what became of them: accepted, fault, or the code of the refusal',
    labelNames: ['command', 'outcome'],
  });
  const recalls = new Tally(registry, {
    name: 'recalld_recalls_total',
    help: 'Messages recalled',
    labelNames: ['via', 'chat_type', 'forced'],
  });
  const attempts = new Histogram({
    name: 'recalld_delivery_attempt_duration_seconds',
    help: 'Attempts to deliver a callback by outcome: accepted or refused',
    labelNames: ['outcome'] as const,
    buckets: attemptSeconds,
    registers,
  });
  const ended = new Counter({
    name: 'recalld_deliveries_ended_total',
    help: 'Deliveries that are over: delivered or dead',
    labelNames: ['status'] as const,
    registers,
  });

  return {
    requestAnswered: ({ route = 'unknown', method, status, ms }) =>
      requests.observe(ms / 1000, route, method, status),
    commandDecided: (command, outcome) => commands.count(command, outcome),
    messageRecalled: ({ data }) => recalls.count(data.origin.via, data.chat.kind, String(data.forced)),
    deliveryAttempted: (outcome, seconds) => attempts.observe({ outcome }, seconds),
    deliveryEnded: (status) => ended.inc({ status }),
    watchConnections: (state) => observeConnections(registry, state),
    expose: async () => ({
      contentType: registry.contentType,
      text: (await registry.metrics()) + requests.text(),
    }),
  };
}

/** Asked of the store at each scrape; a store that does not answer must not hide the other metrics. */
function observeQueue(registry: Registry, { clock, deliveries }: MetricsDeps): void {
  new Gauge({
    name: 'recalld_deliveries_oldest_due_age_seconds',
    help: 'For how long the oldest delivery that may be sent has been due; 0 when none is, NaN when the store does not answer',
    registers: [registry],
    async collect() {
      try {
        const rules = await deliveries.due();
        const now = clock.now();
        const oldest = rules.reduce((at, { dueAt }) => Math.min(at, dueAt), now);
        this.set((now - oldest) / 1000);
      } catch {
        this.set(NaN);
      }
    },
  });
}
