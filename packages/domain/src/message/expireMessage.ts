import { accept, refuse } from '../kernel/decider.js';
import type { Verdict } from '../kernel/decider.js';
import type { AppNo, Instant, MsgId } from '../kernel/ids.js';
import { isKept } from './message.js';
import type { Message, MessageExpired } from './message.js';

/** Records that a message's time ran out: its body goes, its place in the timeline stays. */
export interface ExpireMessage {
  readonly type: 'ExpireMessage';
  readonly app: AppNo;
  readonly msgId: MsgId;
  readonly now: Instant;
}

export type ExpireRefusal = 'notFound' | 'notExpired';

export function expireMessage(
  command: ExpireMessage,
  state: Message,
): Verdict<MessageExpired, ExpireRefusal> {
  switch (state.status) {
    case 'unknown':
      return refuse('notFound');
    case 'expired':
    case 'recalled':
      return accept();
    case 'sent':
      if (isKept(state.held, command.now)) return refuse('notExpired');
      return accept({
        type: 'MessageExpired',
        data: { msgId: command.msgId },
        occurredAt: command.now,
        actor: 'recalld',
      });
  }
}
