import type { AppNo, DeviceKey, SessionId, UserId } from '@recalld/domain';
import type { NodeSession } from './nodeSession.js';

/** The sessions of this node, by whose they are. Those that are about to begin are in it, but for their places. */
export class SessionTable {
  /** Every socket, logged in or not. */
  readonly sockets = new Set<NodeSession>();
  readonly #beginning = new Map<SessionId, NodeSession>();
  readonly #byUser = new Map<string, Map<string, NodeSession>>();
  #size = 0;

  /** Sessions that are logged in. */
  get size(): number {
    return this.#size;
  }

  /** Sockets that are not. */
  get strangers(): number {
    return this.sockets.size - this.#size;
  }

  /** A user's sessions on devices other than one. */
  othersOf({ app, user, device }: DeviceKey): number {
    const devices = this.#byUser.get(userKey(app, user));
    return devices === undefined ? 0 : devices.size - (devices.has(device) ? 1 : 0);
  }

  /** A session is about to begin in the store. */
  beginning(session: NodeSession): void {
    this.#beginning.set(session.id, session);
  }

  /** The one of that name that is about to begin. */
  findBeginning(id: SessionId): NodeSession | undefined {
    return this.#beginning.get(id);
  }

  /** It has begun, or could not. */
  begun({ id }: NodeSession): void {
    this.#beginning.delete(id);
  }

  /** Gives a session the place of its device; answers the one that had it. */
  enter({ app, user, device }: DeviceKey, session: NodeSession): NodeSession | undefined {
    const key = userKey(app, user);
    const devices = this.#byUser.get(key) ?? new Map<string, NodeSession>();
    this.#byUser.set(key, devices);
    const former = devices.get(device);
    devices.set(device, session);
    if (former === undefined) this.#size += 1;
    return former;
  }

  /** Takes a session out, unless its place is another one's by now. */
  leave({ app, user, device }: DeviceKey, session: NodeSession): void {
    const key = userKey(app, user);
    const devices = this.#byUser.get(key);
    if (devices?.get(device) !== session) return;
    devices.delete(device);
    this.#size -= 1;
    if (devices.size === 0) this.#byUser.delete(key);
  }
}

function userKey(app: AppNo, user: UserId): string {
  return `${app}/${user}`;
}
