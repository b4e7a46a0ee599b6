import type { Position } from '@recalld/domain';
import type { HttpDeps } from '../../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../../route.js';
import { appOf, param, queryText } from '../../route.js';
import { errors } from '../errors.js';
import type { ErrorRow } from '../errors.js';
import { wholeNumber } from '../queries.js';
import type { Replies } from '../replies.js';
import { answers } from '../schemas.js';
import { eventStream } from './eventStream.js';
import { follow } from './following.js';
import type { Following } from './following.js';

const times = { keepAliveMs: 15_000, permitMs: 10_000, retryMs: 2_000 };
/** For how long a reader may take nothing of a stream. */
const stalledMs = 30_000;
const waitSecondsMax = 60;
const eventsDefault = 50;
const eventsMax = 100;

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies of the nginx family would gather events.
  'x-accel-buffering': 'no',
  // A connection that is kept would hold up a stop.
  connection: 'close',
};

const query: Readonly<Record<string, JsonSchema>> = {
  last_event_id: { type: 'integer', minimum: 0, description: 'As the header Last-Event-ID, which wins' },
  wait: {
    type: 'integer',
    minimum: 0,
    maximum: waitSecondsMax,
    description: 'Seconds: a long poll, answered as JSON',
  },
  limit: {
    type: 'integer',
    minimum: 1,
    maximum: eventsMax,
    default: eventsDefault,
    description: 'Events in the answer of a long poll',
  },
};

const eventSchema: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    event: { enum: ['message', 'recall', 'conversation_deleted'] },
    data: { type: 'object' },
  },
};

interface Asked {
  readonly after: Position | undefined;
  /** Left out: a stream. */
  readonly waitMs: number | undefined;
  readonly limit: number;
}

/** What a user's devices get, for programs that are no device: server-sent events, or as a long poll. */
export function eventRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function listen(call: Call): Promise<Answer> {
    const asked = read(call);
    if ('status' in asked) return replies.refused(call, asked);
    const app = appOf(call);
    const user = param(call, 'username');
    const leave = deps.streams.take(app.no, user);
    if (leave === 'userFull') return replies.refused(call, errors.rateLimited);
    if (leave === 'nodeFull') return replies.refused(call, errors.overloaded);
    const leaving = call.leaving();
    // However the answer ends, and also when nobody ever reads it.
    if (leaving.aborted) leave();
    else leaving.addEventListener('abort', leave, { once: true });
    const following = await follow(deps, { app, user, after: asked.after, leaving });
    if (asked.waitMs !== undefined) return poll(following, asked.limit, asked.waitMs, leaving);
    const raw = eventStream(following, () => call.stillPermitted(), times);
    return { status: 200, headers: streamHeaders, raw, stalledMs };
  }

  return [
    {
      method: 'GET',
      path: '/{org}/{app}/users/{username}/events',
      operationId: 'listenToUser',
      summary:
        'Streams a user’s messages, recalls and deleted conversations as server-sent events, or waits for the next ones',
      tag: 'Events',
      auth: 'appOrUser',
      tokenInQuery: true,
      query,
      answers: {
        ...answers(400, 401, 404),
        200: {
          description: 'An event stream; with `wait` this JSON',
          schema: {
            type: 'object',
            properties: {
              events: { type: 'array', items: eventSchema },
              last_event_id: { type: 'string' },
            },
          },
        },
        503: { description: 'This node has as many streams as it may' },
      },
      handle: listen,
    },
  ];
}

/** Answers as soon as there is something, or nothing after the wait. */
async function poll(
  following: Following,
  limit: number,
  waitMs: number,
  leaving: AbortSignal,
): Promise<Answer> {
  const events = (await following.next(limit, waitMs)) ?? [];
  const body = { events, last_event_id: String(following.through()) };
  // A connection that is kept would hold up a stop.
  const connection = leaving.aborted ? { connection: 'close' } : undefined;
  return { status: 200, headers: { 'cache-control': 'no-store', ...connection }, body };
}

/** A browser's EventSource comes back to the same URL with the header. */
function read(call: Call): Asked | ErrorRow {
  const header = call.headers['last-event-id'];
  const id = typeof header === 'string' && header !== '' ? header : queryText(call, 'last_event_id');
  const after = id === undefined ? undefined : positionOf(id);
  if (after === null) return errors.fieldNotLegal('last_event_id');
  const waitText = queryText(call, 'wait');
  const wait = waitText === '0' ? 0 : waitText && wholeNumber(waitText, waitSecondsMax);
  if (waitText !== undefined && typeof wait !== 'number') return errors.fieldNotLegal('wait');
  const limitText = queryText(call, 'limit');
  const limit = limitText === undefined ? eventsDefault : wholeNumber(limitText, eventsMax);
  if (limit === undefined) return errors.fieldNotLegal('limit');
  return { after, waitMs: typeof wait === 'number' ? wait * 1_000 : undefined, limit };
}

/** Null when it is none. */
function positionOf(text: string): Position | null {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}
