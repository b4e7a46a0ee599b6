import type {
  ChatKind,
  ChatRef,
  ConversationKind,
  Instant,
  LaterEvent,
  Origin,
  Position,
  Via,
} from '@recalld/domain';

/** The fields of an envelope that are read again; see docs/events.md. */
interface Envelope {
  readonly type?: unknown;
  readonly time?: unknown;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * The event that an envelope tells of; undefined for one that takes nothing back, and for what is no
 * envelope of this server. What envelopes do not tell is as it mostly is: a notice for everybody, an
 * unknown platform and address.
 */
export function laterEventIn(text: string, position: Position): LaterEvent | undefined {
  const { type, time, data = {} } = parse(text);
  const occurredAt = typeof time === 'string' ? Date.parse(time) : NaN;
  const [org = '', app = ''] = textOf(data, 'appkey').split('#');
  const event = eventOf(type, data, occurredAt);
  if (event === undefined || org === '' || app === '' || Number.isNaN(occurredAt)) return undefined;
  return { org, app, position, event, extension: null };
}

function eventOf(
  type: unknown,
  data: Readonly<Record<string, unknown>>,
  occurredAt: Instant,
): LaterEvent['event'] | undefined {
  switch (type) {
    case 'message.recalled':
      return recalled(data, occurredAt);
    case 'conversation.deleted':
      return deleted(data, occurredAt);
    case 'recall_policy.changed':
      return {
        type: 'RecallPolicyChanged',
        data: {
          enabled: data['enabled'] === true,
          windowSeconds: Number(data['window_seconds']),
          version: Number(data['version']),
        },
        occurredAt,
        actor: 'admin',
      };
    default:
      return undefined;
  }
}

function recalled(data: Readonly<Record<string, unknown>>, occurredAt: Instant): LaterEvent['event'] {
  const by = textOf(data, 'recalled_by');
  const chat: ChatRef = { kind: textOf(data, 'chat_type') as ChatKind, id: textOf(data, 'to') };
  return {
    type: 'MessageRecalled',
    data: {
      msgId: textOf(data, 'msg_id'),
      recallId: textOf(data, 'recall_id'),
      from: textOf(data, 'from'),
      by,
      chat,
      forced: data['forced'] === true,
      held: true,
      messageSeq: null,
      messageKey: null,
      policyVersion: 0,
      origin: originOf(textOf(data, 'via') as Via),
      originDevice: null,
      audience: 'all',
    },
    occurredAt,
    actor: by,
  };
}

function deleted(data: Readonly<Record<string, unknown>>, occurredAt: Instant): LaterEvent['event'] {
  const user = textOf(data, 'username');
  return {
    type: 'ConversationDeleted',
    data: {
      user,
      kind: textOf(data, 'type') as ConversationKind,
      channel: textOf(data, 'channel'),
      throughSeq: 0,
      roaming: data['delete_roam'] === true ? 'deleted' : 'kept',
      origin: originOf('admin'),
      originDevice: null,
    },
    occurredAt,
    actor: user,
  };
}

function originOf(via: Via): Origin {
  return { via, platform: 'Unknown', ip: '0.0.0.0' };
}

function parse(text: string): Envelope {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function textOf(data: Readonly<Record<string, unknown>>, field: string): string {
  const value = data[field];
  return typeof value === 'string' ? value : '';
}
