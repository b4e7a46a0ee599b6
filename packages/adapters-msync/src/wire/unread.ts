import type { Instant } from '@recalld/domain';
import { wire } from './descriptors.js';
import { encodeFrame } from './envelope.js';
import type { Jid } from './jid.js';
import { okStatus } from './status.js';

export interface UnreadAnswer {
  /** Those that have something for the device. */
  readonly queues: readonly { readonly queue: Jid; readonly count: number }[];
  readonly at: Instant;
}

/** The answer to every `unread`, heartbeats included. */
export function encodeUnreadAnswer({ queues, at }: UnreadAnswer): Uint8Array {
  const unread = queues.map(({ queue, count }) => ({ queue, n: count }));
  return encodeFrame('unread', wire.commUnreadDown, { status: okStatus, unread, timestamp: at });
}

/** There is something new in a queue: the device asks for it. */
export function encodeNotice(queue: Jid): Uint8Array {
  return encodeFrame('notice', wire.commNotice, { queue });
}
