import type { AppNo, Instant, MsgId } from '../kernel/ids.js';

export interface ExpiredMessages {
  /** Messages whose time ran out before `now` and that still have a body, oldest first. */
  list(now: Instant, limit: number): Promise<readonly { readonly app: AppNo; readonly msgId: MsgId }[]>;
}
