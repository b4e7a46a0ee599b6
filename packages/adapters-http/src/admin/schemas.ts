import { limits } from '@recalld/domain';
import type { AnswerDescription, JsonSchema } from '../route.js';

// Schemas of what the management API takes and answers. Bodies are checked against these very objects.

/** An object that takes no field besides these. */
export function closedObject(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema {
  return { type: 'object', additionalProperties: false, required: [...required], properties };
}

const instant: JsonSchema = {
  type: 'integer',
  description: 'Milliseconds since 1970-01-01T00:00:00Z.',
};
const nullable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

export const appKeyPart: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' };
export const sdkAppId: JsonSchema = { type: 'integer', minimum: 1, maximum: 4_294_967_295 };

export const recallPolicyFields = {
  enabled: { type: 'boolean' },
  window_seconds: {
    type: 'integer',
    minimum: limits.recallWindowSecondsMin,
    maximum: limits.recallWindowSecondsMax,
  },
} satisfies Record<string, JsonSchema>;

export const chatTypes = ['chat', 'groupchat', 'chatroom'] as const;
/** The dialects that can be delivered; the domain names one more for later. */
export const dialects = ['easemob', 'tencent'] as const;

export const ruleFields = {
  name: {
    type: 'string',
    description: 'Unique among the rules of the app.',
    // Something visible, no control characters, no broken Unicode.
    pattern: `^(?=.*\\S)[^\\p{Cc}\\p{Cs}]{1,${limits.callbackNameCharsMax}}$`,
  },
  url: { type: 'string', minLength: 1, maxLength: limits.callbackUrlCharsMax },
  dialect: { type: 'string', enum: dialects },
  secret: {
    ...nullable({ type: 'string', pattern: `^[\\x20-\\x7e]{1,${limits.callbackSecretCharsMax}}$` }),
    description: 'Signs what is sent. An easemob rule always has one; a tencent rule may go without (null).',
  },
  chat_types: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: chatTypes } },
  enabled: { type: 'boolean' },
} satisfies Record<string, JsonSchema>;

const { secret, ...shownRuleFields } = ruleFields;

export const ruleSchema: JsonSchema = {
  type: 'object',
  required: ['id', ...Object.keys(shownRuleFields), 'has_secret', 'created_at'],
  properties: {
    id: { type: 'string' },
    ...shownRuleFields,
    has_secret: { type: 'boolean' },
    created_at: instant,
    secret: { type: 'string', description: 'Only in the answer that made it.' },
  },
};

export const ruleChange: JsonSchema = {
  ...closedObject({ ...shownRuleFields, secret }, []),
  minProperties: 1,
};

const deliveryFields = {
  id: { type: 'string' },
  rule_id: { type: 'string' },
  rule_name: { type: 'string' },
  call_id: nullable({ type: 'string' }),
  url: { type: 'string' },
  status: { type: 'string', enum: ['pending', 'delivered', 'dead'] },
  attempts: {
    type: 'integer',
    description: 'Attempts since the delivery was last queued: a redelivery counts from 0 again.',
  },
  last_status: nullable({ type: 'integer' }),
  last_error: nullable({ type: 'string' }),
  next_attempt_at: nullable(instant),
  created_at: instant,
} satisfies Record<string, JsonSchema>;

const attemptFields = {
  requested_at: instant,
  took_ms: { type: 'number' },
  status: nullable({ type: 'integer' }),
  error: nullable({ type: 'string' }),
  answer_head: nullable({ type: 'string', description: "The first bytes of the receiver's answer." }),
} satisfies Record<string, JsonSchema>;

function openObject(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties };
}

export const deliverySchema: JsonSchema = openObject(deliveryFields);

export const deliveryDetailSchema: JsonSchema = openObject({
  ...deliveryFields,
  request_body: { type: 'string', description: 'The text as sent.' },
  attempt_log: {
    type: 'array',
    description: 'Every attempt, those before a redelivery too.',
    items: openObject(attemptFields),
  },
});

export const eventSchema: JsonSchema = openObject({
  position: { type: 'integer' },
  type: { type: 'string', description: 'The stored name, as in `MessageRecalled`.' },
  occurred_at: instant,
  actor: { type: 'string', description: "A user's id, `admin`, or `recalld` for the server itself." },
  data: { type: 'object', description: 'What happened; never message content.' },
});

const errorSchema: JsonSchema = openObject({
  error: { type: 'string' },
  error_description: { type: 'string', description: 'One sentence that says what to do.' },
});

/** An error that a row may answer. */
export function error(description: string): AnswerDescription {
  return { description, schema: errorSchema };
}

/** Errors that every row with an app in its path may answer. */
export const commonErrors: Readonly<Record<number, AnswerDescription>> = {
  400: error('A value is refused'),
  401: error('The token is missing, wrong or expired'),
  403: error('The token does not manage this app'),
  404: error('There is no such app or thing'),
};
