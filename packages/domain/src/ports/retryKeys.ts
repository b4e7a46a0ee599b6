import type { AppNo, Instant, MsgId } from '../kernel/ids.js';
import type { RetryKey } from '../message/sendMessage.js';

/** Under which keys clients sent messages, written with the message by the command store. */
export interface RetryKeys {
  /** The message that was sent under a key, as long as that is known. */
  find(app: AppNo, key: RetryKey): Promise<{ readonly msgId: MsgId; readonly sentAt: Instant } | undefined>;
  /** Forgets keys of messages that were sent before an instant; answers how many, at most `limit`. */
  forget(sentBefore: Instant, limit: number): Promise<number>;
}
