import type { NodeSession } from './nodeSession.js';

/** Sockets on which no login has begun yet, by whose they may be. */
export class Strangers {
  readonly #networks = new Map<NodeSession, string>();
  /** The oldest is the first. */
  readonly #byNetwork = new Map<string, Set<NodeSession>>();

  enter(session: NodeSession, ip: string): void {
    const network = networkOf(ip);
    const here = this.#byNetwork.get(network) ?? new Set();
    this.#byNetwork.set(network, here.add(session));
    this.#networks.set(session, network);
  }

  /** Takes out one that is no stranger any more, or has ended. */
  leave(session: NodeSession): void {
    const network = this.#networks.get(session);
    const here = network === undefined ? undefined : this.#byNetwork.get(network);
    if (network === undefined || here === undefined) return;
    this.#networks.delete(session);
    here.delete(session);
    if (here.size === 0) this.#byNetwork.delete(network);
  }

  /**
   * Who is to give way to another one: the oldest of those with the most sockets, so that nobody keeps
   * others out. undefined: nobody is here.
   */
  first(): NodeSession | undefined {
    let most: ReadonlySet<NodeSession> = new Set();
    for (const here of this.#byNetwork.values()) if (here.size > most.size) most = here;
    const [first] = most;
    return first;
  }
}

/** An IPv4 address, or the first half of an IPv6 one: of those each line has as many as it likes. */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = '', tail = ''] = ip.split('::');
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const left = Math.max(0, 8 - before.length - after.length);
  const zeros = Array.from({ length: left }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':');
}
