import { isPublished, never, publicTypeOf, wants } from '@recalld/domain';
import type { App, CallbackRule, DomainEvent, PublishedEvent, RecordedEvent } from '@recalld/domain';
import { isTestOf } from '../dialect.js';
import type { CallbackDialect } from '../dialect.js';
import { envelopeOf, eventIdOf, testEnvelopeOf } from './envelope.js';
import type { CloudEvent } from './envelope.js';
import { signatureOf } from './signature.js';

/** recalld's own format: headers of Standard Webhooks 1.0, a CloudEvents 1.0 envelope, one event each. */
export const native: CallbackDialect = {
  plan: (decided, rule) => decided.flatMap((event, index) => (hears(rule, event) ? [[index]] : [])),
  unreadOf: () => undefined,
  render: ({ app, rule, secret, previousSecret, events }, now) => {
    const event = onlyEventOf(events);
    const body = JSON.stringify(toldOf(app, event));
    const id = eventIdOf(event);
    const timestamp = String(Math.floor(now / 1000));
    const headers = {
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(secretsOf(rule, secret, previousSecret), `${id}.${timestamp}.${body}`),
    };
    return { url: rule.url, headers, body };
  },
  callId: ({ events }) => eventIdOf(onlyEventOf(events)),
  isSuccess: (status) => status >= 200 && status < 300,
};

function hears(rule: CallbackRule, event: DomainEvent): boolean {
  if (event.type === 'CallbackRuleTested') return isTestOf(rule, event);
  if (!rule.enabled || !isPublished(event)) return false;
  return (rule.events?.includes(publicTypeOf(event)) ?? true) && concerns(rule, event);
}

function concerns(rule: CallbackRule, event: PublishedEvent): boolean {
  switch (event.type) {
    case 'MessageRecalled':
      return wants(rule, event.data.chat.kind);
    case 'ConversationDeleted':
      return wants(rule, event.data.kind);
    case 'CallbackRuleSuspended':
    case 'CallbackRuleResumed':
      // Whoever does not answer would hear of it last.
      return event.data.ruleId !== rule.id;
    case 'AttachmentPurged':
    case 'RecallPolicyChanged':
      return true;
    default:
      return never(event);
  }
}

function toldOf(app: App, event: RecordedEvent): CloudEvent {
  const envelope = event.type === 'CallbackRuleTested' ? testEnvelopeOf(app, event) : envelopeOf(app, event);
  if (envelope === undefined) throw new Error(`${event.type} is not told outside`);
  return envelope;
}

function onlyEventOf(events: readonly RecordedEvent[]): RecordedEvent {
  const [event, ...others] = events;
  if (event === undefined || others.length > 0) throw new Error('a native callback tells of one event');
  return event;
}

/** The secrets to sign with, the current one first. @throws when there is none: nothing goes out unsigned. */
function secretsOf(rule: CallbackRule, secret: string | null, previous: string | null): readonly string[] {
  if (secret === null) throw new Error(`the native rule ${rule.id} has no secret`);
  return previous === null ? [secret] : [secret, previous];
}
