import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What metrics tell of connected clients. Looked at in each scrape: in memory, without waiting. */
export interface ConnectionState {
  /** Devices that are logged in. */
  sessions(): number;
  /** Event streams and long polls. */
  streams(): number;
  /** Totals since the start. */
  counts(): {
    readonly framesIn: number;
    readonly framesOut: number;
    readonly logins: number;
    readonly loginsRefused: number;
    readonly socketsRefused: number;
    /** Sockets that ended, by how. */
    readonly ended: Readonly<Record<string, number>>;
  };
}

export function observeConnections(registry: Registry, state: ConnectionState): void {
  gauge(registry, 'recalld_sessions', 'Devices that are connected to this node', () => state.sessions());
  gauge(registry, 'recalld_streams', 'Event streams and long polls of this node', () => state.streams());
  counter(registry, 'recalld_frames_total', 'Frames of devices by direction: in or out', 'direction', () => {
    const { framesIn, framesOut } = state.counts();
    return { in: framesIn, out: framesOut };
  });
  counter(registry, 'recalld_logins_total', 'Logins of devices by outcome', 'outcome', () => {
    const { logins, loginsRefused, socketsRefused } = state.counts();
    return { accepted: logins, refused: loginsRefused, not_connected: socketsRefused };
  });
  counter(registry, 'recalld_sockets_ended_total', 'Connections of devices that ended, by how', 'how', () => {
    return state.counts().ended;
  });
}

function gauge(registry: Registry, name: string, help: string, look: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(look());
    },
  });
}

/** Totals that somebody else counts. */
function counter(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  look: () => Readonly<Record<string, number>>,
): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, total] of Object.entries(look())) this.inc({ [label]: value }, total);
    },
  });
}
