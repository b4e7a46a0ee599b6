import { isMsgId, messageStream } from '@recalld/domain';
import type { RecordedEvent } from '@recalld/domain';
import { appOf, param } from '../route.js';
import type { Call, JsonAnswer, Route } from '../route.js';
import type { AdminDeps } from './deps.js';
import { problem } from './errors.js';
import { listAnswer, listQuerySchemas, listSchema, pageOf, readListQuery } from './lists.js';
import { commonErrors, eventSchema } from './schemas.js';

/** The audit trail of a message: its stream in the log. Content is never in events, so never here. */
export function messageEventRoutes(deps: AdminDeps): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/v1/apps/{org}/{app}/messages/{msg_id}/events',
      operationId: 'listMessageEvents',
      summary: "Read a message's audit trail",
      tag: 'Messages',
      auth: 'rootOrApp',
      query: listQuerySchemas,
      answers: {
        200: { description: 'Its events, oldest first', schema: listSchema(eventSchema) },
        ...commonErrors,
      },
      handle: (call) => list(deps, call),
    },
  ];
}

async function list(deps: AdminDeps, call: Call): Promise<JsonAnswer> {
  const query = readListQuery(call);
  if (!query.ok) return query.answer;
  const msgId = param(call, 'msg_id');
  const events = isMsgId(msgId) ? await deps.storage.log.ofStream(appOf(call).no, messageStream(msgId)) : [];
  if (events.length === 0) return problem('not_found', 'Check msg_id: nothing is known of such a message.');
  return listAnswer(
    pageOf(events, ({ position }) => ({ at: position, id: '' }), query.value),
    shown,
  );
}

function shown({ position, type, occurredAt, actor, data }: RecordedEvent): unknown {
  return { position, type, occurred_at: occurredAt, actor, data: snakeCased(data) };
}

/** Event data with its field names as this API writes them; the values stay as they are. */
function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCased(field),
    ]),
  );
}
