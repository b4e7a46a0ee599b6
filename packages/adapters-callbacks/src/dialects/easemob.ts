import { createHash } from 'node:crypto';
import type { App, MessageRecalled } from '@recalld/domain';
import { appkeyOf, recallsOf, wantedRecalls } from './dialect.js';
import type { CallbackDialect } from './dialect.js';

/** A test is shown as the recall of a one-to-one message. */
const testedIn = 'chat';

/** Seed 000: one callback per recalled message. */
export const easemob: CallbackDialect = {
  plan: (decided, rule) => wantedRecalls(decided, rule, testedIn).map(({ index }) => [index]),
  unreadOf: () => undefined,
  render: ({ app, rule, secret, events, hostName }) => {
    const [recall] = recallsOf(events, testedIn);
    const { msgId, recallId, from, chat } = recall.data;
    const id = callIdOf(app, recall);
    // The order of seed 000's sample; what only its table has comes last.
    const body = {
      chat_type: 'recall',
      callId: id,
      ...(secret === null ? {} : { security: security(id, secret, recall.occurredAt) }),
      payload: { ext: {}, ack_message_id: msgId, bodies: [] },
      host: hostName,
      appkey: appkeyOf(app),
      from,
      recall_id: msgId,
      to: chat.id,
      eventType: 'chat',
      msg_id: recallId,
      timestamp: recall.occurredAt,
      securityVersion: '1.0.0',
      ...(chat.kind === 'chat' ? {} : { group_id: chat.id }),
    };
    const headers = { 'Content-Type': 'application/json' };
    return { url: rule.url, headers, body: JSON.stringify(body) };
  },
  callId: ({ app, events }) => callIdOf(app, recallsOf(events, testedIn)[0]),
  isSuccess: (status) => status === 200,
};

/** Appkey and the recall's own id: the same for every attempt (contract B1). */
function callIdOf(app: App, recall: MessageRecalled): string {
  return `${appkeyOf(app)}_${recall.data.recallId}`;
}

/** MD5 is the vendor's format, not a choice (seed 000). */
function security(callId: string, secret: string, timestamp: number): string {
  return createHash('md5').update(`${callId}${secret}${timestamp}`, 'utf8').digest('hex');
}
