import { isPublished, never, publicTypeOf } from '@recalld/domain';
import type {
  App,
  CallbackRuleTested,
  MessageRecalled,
  PublicEventType,
  PublishedEvent,
  Recorded,
  RecordedEvent,
} from '@recalld/domain';
import { appkeyOf } from '../dialect.js';

/** What a test of a rule is called: only the tested rule ever gets one. */
export const testedType = 'callback_rule.tested';

/** The JSON envelope of CloudEvents 1.0, in the order of its fields on the wire. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** The event's own id: the same for every rule, every attempt and on NATS. */
  readonly id: string;
  /** `/apps/{org}/{app}`. */
  readonly source: string;
  readonly type: PublicEventType | typeof testedType;
  /** When it happened: RFC 3339 in UTC, with milliseconds. */
  readonly time: string;
  /** What it happened to: a path, its parts percent-encoded. */
  readonly subject: string;
  readonly data: EventData;
}

type EventData = Readonly<Record<string, string | number | boolean>>;

/** What an event is about, and what is told of it. */
interface Told {
  readonly subject: string;
  readonly data: EventData;
}

/** An event as it is told to everybody; undefined for one that has no public name. */
export function envelopeOf(app: App, event: RecordedEvent): CloudEvent | undefined {
  return isPublished(event) ? enveloped(app, event, publicTypeOf(event), told(app, event)) : undefined;
}

/** A test as it is told to the tested rule, and to nobody else. */
export function testEnvelopeOf(app: App, event: Recorded<CallbackRuleTested>): CloudEvent {
  return enveloped(app, event, testedType, aboutRule(app, event.data));
}

/**
 * A recall has an id of its own. Every other event is named by its command and its place in the log:
 * the place alone would come again in a log that was restored and went on differently.
 */
export function eventIdOf(event: RecordedEvent): string {
  return event.type === 'MessageRecalled' ? event.data.recallId : `${event.commandId}-${event.position}`;
}

function enveloped(
  app: App,
  event: RecordedEvent,
  type: CloudEvent['type'],
  { subject, data }: Told,
): CloudEvent {
  const time = new Date(event.occurredAt).toISOString();
  const source = `/apps/${app.org}/${app.name}`;
  return { specversion: '1.0', id: eventIdOf(event), source, type, time, subject, data };
}

function told(app: App, event: PublishedEvent): Told {
  switch (event.type) {
    case 'MessageRecalled':
      return { subject: subjectOf('messages', event.data.msgId), data: recallData(app, event.data) };
    case 'ConversationDeleted': {
      const { user, kind, channel, roaming } = event.data;
      const said = { username: user, channel, type: kind, delete_roam: roaming === 'deleted' };
      return {
        subject: subjectOf('conversations', user, kind, channel),
        data: { appkey: appkeyOf(app), ...said },
      };
    }
    case 'AttachmentPurged': {
      const { attachment, msgId } = event.data;
      return {
        subject: subjectOf('attachments', attachment),
        data: { appkey: appkeyOf(app), file_uuid: attachment, msg_id: msgId },
      };
    }
    case 'RecallPolicyChanged': {
      const { enabled, windowSeconds, version } = event.data;
      return {
        subject: 'recall-policy',
        data: { appkey: appkeyOf(app), enabled, window_seconds: windowSeconds, version },
      };
    }
    case 'CallbackRuleSuspended': {
      const { subject, data } = aboutRule(app, event.data);
      return { subject, data: { ...data, failing_since: event.data.failingSince } };
    }
    case 'CallbackRuleResumed':
      return aboutRule(app, event.data);
    default:
      return never(event);
  }
}

function recallData(app: App, recall: MessageRecalled['data']): EventData {
  const { msgId, recallId, chat, from, by, origin, forced } = recall;
  return {
    appkey: appkeyOf(app),
    msg_id: msgId,
    recall_id: recallId,
    chat_type: chat.kind,
    from,
    to: chat.id,
    ...(chat.kind === 'chat' ? {} : { group_id: chat.id }),
    recalled_by: by,
    via: origin.via,
    forced,
  };
}

function aboutRule(app: App, rule: { readonly ruleId: string; readonly ruleName: string }): Told {
  const { ruleId, ruleName } = rule;
  return {
    subject: subjectOf('callback-rules', ruleId),
    data: { appkey: appkeyOf(app), rule_id: ruleId, rule_name: ruleName },
  };
}

function subjectOf(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
