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

/** An answered object with all of these fields. */
export function openObject(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties };
}

export const instant: JsonSchema = {
  type: 'integer',
  description: 'Milliseconds since 1970-01-01T00:00:00Z.',
};
export const nullable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

/** Neither control characters nor broken Unicode, which not every store can keep or compare. */
const plainText = '^[^\\p{Cc}\\p{Cs}]+$';

const idText: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: limits.idBytesMax,
  pattern: plainText,
};

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
  next_attempt_at: {
    ...nullable(instant),
    description:
      'The earliest time; null when it is over, stands behind another one, or its rule is not enabled.',
  },
  created_at: instant,
} satisfies Record<string, JsonSchema>;

const attemptFields = {
  requested_at: instant,
  took_ms: { type: 'number' },
  status: nullable({ type: 'integer' }),
  error: nullable({ type: 'string' }),
  request: {
    ...nullable(
      openObject({
        url: { type: 'string' },
        headers: { type: 'object', additionalProperties: { type: 'string' } },
      }),
    ),
    description: 'Where it went and its headers; null when none could be made.',
  },
  answer_head: nullable({ type: 'string', description: "The first bytes of the receiver's answer." }),
} satisfies Record<string, JsonSchema>;

export const deliverySchema: JsonSchema = openObject(deliveryFields);

export const deliveryDetailSchema: JsonSchema = openObject({
  ...deliveryFields,
  request_body: {
    ...nullable({ type: 'string' }),
    description: 'The text as sent; null when it cannot be made any more.',
  },
  attempt_log: {
    type: 'array',
    description: 'Every attempt that is still kept, those before a redelivery too.',
    items: openObject(attemptFields),
  },
});

export const redeliveryStatuses = ['dead', 'delivered'] as const;

const redeliveryFields = {
  ids: {
    type: 'array',
    minItems: 1,
    maxItems: limits.redeliveryIdsMax,
    items: idText,
    description: 'Of deliveries. Those that the app does not have, or that are under way, are passed over.',
  },
  since: { ...instant, minimum: 0, description: 'Planned at this time or later, in ms since 1970.' },
  until: { ...instant, minimum: 0, description: 'Planned before this time; left out: now.' },
  rule_id: idText,
  statuses: {
    type: 'array',
    minItems: 1,
    maxItems: redeliveryStatuses.length,
    items: { type: 'string', enum: redeliveryStatuses },
    description: 'Left out: both.',
  },
} satisfies Record<string, JsonSchema>;

/** Either `ids`, or `since` with the rest: the handler says which is amiss. */
export const newRedelivery: JsonSchema = closedObject(redeliveryFields, []);

export const redeliverySchema: JsonSchema = {
  type: 'object',
  required: ['id', 'status', 'queued', 'since', 'until', 'rule_id', 'statuses', 'created_at', 'finished_at'],
  properties: {
    id: { type: 'string' },
    status: { type: 'string', enum: ['running', 'done'] },
    queued: { type: 'integer', description: 'Deliveries queued again so far.' },
    ids: { ...redeliveryFields.ids, description: 'What was asked for; left out of lists.' },
    since: nullable(instant),
    until: nullable(instant),
    rule_id: nullable({ type: 'string' }),
    statuses: nullable(redeliveryFields.statuses),
    created_at: instant,
    finished_at: nullable(instant),
  },
};

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
