/**
 * Work that one node at a time does. A lease ends by itself, by the store's own idea of now: a dead
 * node's work goes on elsewhere.
 */
export interface Leases {
  /** Takes or prolongs it for `forMs` from now; false while somebody else has it. */
  take(name: string, owner: string, forMs: number): Promise<boolean>;
  /** Gives it back; nothing happens when somebody else has it. */
  release(name: string, owner: string): Promise<void>;
}
