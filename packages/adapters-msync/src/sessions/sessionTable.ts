import type { DeviceKey, SessionId } from '@recalld/domain';
import { userKey } from '../userKey.js';
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
  othersOf(key: DeviceKey): number {
    const devices = this.#byUser.get(userKey(key));
    return devices === undefined ? 0 : devices.size - (devices.has(key.device) ? 1 : 0);
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
  enter(key: DeviceKey, session: NodeSession): NodeSession | undefined {
    const name = userKey(key);
    const devices = this.#byUser.get(name) ?? new Map<string, NodeSession>();
    this.#byUser.set(name, devices);
    const former = devices.get(key.device);
    devices.set(key.device, session);
    if (former === undefined) this.#size += 1;
    return former;
  }

  /** Takes a session out, unless its place is another one's by now. */
  leave(key: DeviceKey, session: NodeSession): void {
    const name = userKey(key);
    const devices = this.#byUser.get(name);
    if (devices?.get(key.device) !== session) return;
    devices.delete(key.device);
    this.#size -= 1;
    if (devices.size === 0) this.#byUser.delete(name);
  }
}
