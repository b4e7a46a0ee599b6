import { limits, publicEventTypes } from '@recalld/domain';
import type { ChatKind, Dialect } from '@recalld/domain';
import type { JsonSchema } from '../route.js';
import { closedObject, instant, nullable, openObject } from './schemas.js';

// Schemas of callback rules, as they are sent and as they are answered.

export const chatTypes = ['chat', 'groupchat', 'chatroom'] as const satisfies readonly ChatKind[];
const dialects = ['easemob', 'tencent', 'native'] as const satisfies readonly Dialect[];

const pem = nullable({
  type: 'string',
  minLength: 1,
  maxLength: limits.callbackPemCharsMax,
  // Around its blocks a PEM text may say anything that can be kept.
  pattern: '^[^\\u0000\\p{Cs}]*$',
});
const ca = {
  ...pem,
  description: 'Authorities that its certificate may come from, instead of the public ones. PEM.',
};
const client_certificate = { ...pem, description: 'What the server shows of itself. PEM.' };

const commonFields = {
  name: {
    type: 'string',
    description: 'Unique among the rules of the app.',
    // Something visible, no control characters, no broken Unicode.
    pattern: `^(?=.*\\S)[^\\p{Cc}\\p{Cs}]{1,${limits.callbackNameCharsMax}}$`,
  },
  url: {
    type: 'string',
    minLength: 1,
    maxLength: limits.callbackUrlCharsMax,
    pattern: '^[^\\p{Cc}\\p{Cs}]*$',
  },
  dialect: { type: 'string', enum: dialects },
  chat_types: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: chatTypes } },
  events: {
    ...nullable({
      type: 'array',
      minItems: 1,
      maxItems: publicEventTypes.length,
      items: { type: 'string', enum: publicEventTypes },
    }),
    description: 'Narrows what a native rule hears of; null: everything.',
  },
  enabled: { type: 'boolean', description: 'A rule that is not plans nothing, and holds what is open.' },
  ordered: {
    type: 'boolean',
    description: "Whether one conversation's callbacks go out one after the other.",
  },
  concurrency_max: {
    ...nullable({ type: 'integer', minimum: 1, maximum: limits.callbackConcurrencyMax }),
    description: 'Requests at a time; null: as many as the receiver takes.',
  },
} satisfies Record<string, JsonSchema>;

const secret = {
  ...nullable({ type: 'string', pattern: `^[\\x20-\\x7e]{1,${limits.callbackSecretCharsMax}}$` }),
  description:
    'Signs what is sent: of a native rule `whsec_` and the base64 of 24 to 64 bytes. Only a tencent rule may go without (null).',
};

const overlapSeconds: JsonSchema = {
  type: 'integer',
  minimum: 0,
  maximum: limits.secretOverlapSecondsMax,
  default: limits.secretOverlapSecondsDefault,
  description: 'How long a native rule signs with its last secret too.',
};

const tls = {
  ...nullable(
    closedObject(
      { ca, client_certificate, client_key: { ...pem, description: 'Its key, never shown. PEM.' } },
      [],
    ),
  ),
  description:
    'For https only. Replaced as a whole; a client_certificate that stays may be sent without its key.',
};

const sentFields = { ...commonFields, secret, tls };

export const newRule: JsonSchema = closedObject(sentFields, ['name', 'url', 'dialect']);

export const ruleChange: JsonSchema = {
  ...closedObject({ ...sentFields, secret_overlap_seconds: overlapSeconds }, []),
  minProperties: 1,
};

/** May be left out altogether. */
export const secretRotation: JsonSchema = {
  ...closedObject({ secret, overlap_seconds: overlapSeconds }, []),
  type: ['object', 'null'],
};

const shownFields = {
  id: { type: 'string' },
  ...commonFields,
  tls: nullable(openObject({ ca, client_certificate, has_client_key: { type: 'boolean' } })),
  has_secret: { type: 'boolean' },
  previous_secret_until: {
    ...nullable(instant),
    description: 'Until when a native rule signs with its last secret too.',
  },
  health: {
    type: 'string',
    enum: ['healthy', 'failing', 'suspended'],
    description: 'Suspended when nothing has succeeded for ten minutes: then only probes are sent.',
  },
  failing_since: nullable(instant),
  next_probe_at: nullable(instant),
  created_at: instant,
} satisfies Record<string, JsonSchema>;

export const ruleSchema: JsonSchema = {
  type: 'object',
  required: Object.keys(shownFields),
  properties: {
    ...shownFields,
    secret: { type: 'string', description: 'Only in the answer that made it.' },
  },
};
