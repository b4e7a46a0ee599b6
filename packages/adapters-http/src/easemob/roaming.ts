import { conversationTimeline } from '@recalld/domain';
import type { App, ContentKind, MessageItem, RoamingQuery } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { errors } from './errors.js';
import { parseQueue } from './jids.js';
import { kindOfQueue } from './queueKinds.js';
import type { Replies } from './replies.js';
import { answers, oneOfOrEmpty, textOrEmpty } from './schemas.js';

const pageDefault = 20;
const pageMax = 100;
const cursorCharsMax = 512;

/** What the SDK calls message types, in the domain's words. */
const kindsByType: ReadonlyMap<string, ContentKind> = new Map<string, ContentKind>([
  ['txt', 'txt'],
  ['img', 'img'],
  ['audio', 'audio'],
  ['video', 'video'],
  ['file', 'file'],
  ['loc', 'loc'],
  ['cmd', 'cmd'],
  ['custom', 'custom'],
  ['combine', 'combine'],
]);

/** As the SDK sends it (msync). */
const roamingBody: JsonSchema = {
  type: 'object',
  required: ['queue'],
  properties: {
    queue: { type: 'string', description: '`{user}@easemob.com` or `{group}@conference.easemob.com`' },
    start: { type: ['string', 'integer', 'null'], maxLength: cursorCharsMax, description: '-1, or next_key' },
    end: { type: ['string', 'integer', 'null'] },
    pull_number: { type: ['integer', 'null'] },
    is_positive: oneOfOrEmpty(true, false),
    msgType: textOrEmpty(256),
    startTime: { type: ['integer', 'null'] },
    endTime: { type: ['integer', 'null'] },
  },
};

/** What fits {@link roamingBody}. */
interface RoamingBody {
  readonly queue: string;
  readonly start?: string | number | null;
  readonly pull_number?: number | null;
  readonly is_positive?: boolean | '' | null;
  readonly msgType?: string | null;
  readonly startTime?: number | null;
  readonly endTime?: number | null;
}

/** A user's history of one chat, in the encoding that devices read. */
export function roamingRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function pull(call: Call): Promise<Answer> {
    const app = appOf(call);
    // The row's schema has been enforced.
    const body = call.body as RoamingBody;
    const queue = parseQueue(app, body.queue);
    if (queue === undefined || !isId(queue.id)) return replies.refused(call, errors.invalidBody);
    const user = param(call, 'username');
    const timeline = conversationTimeline(user, await kindOfQueue(deps, app.no, queue), queue.id);
    const query = { app: app.no, user, timeline, now: deps.clock.now(), ...readQuery(body) };
    const { entities, cursor } = await deps.storage.timelines.roaming(query);
    const data = {
      msgs: await encoded(deps, app, entities),
      is_last: cursor === undefined,
      next_key: cursor ?? '',
    };
    return replies.ok(call, { path: '/users/messageroaming', data });
  }

  return [
    {
      method: 'POST',
      path: '/{org}/{app}/users/{username}/messageroaming',
      operationId: 'pullRoaming',
      summary: 'Pulls one page of a user’s history of a chat',
      tag: 'Conversations',
      auth: 'appOrUser',
      body: roamingBody,
      answers: answers(200, 400, 401, 404),
      handle: pull,
    },
  ];
}

type QueryPart = Omit<RoamingQuery, 'app' | 'user' | 'timeline' | 'now'>;

function readQuery(body: RoamingBody): QueryPart {
  const { start, pull_number: wanted, is_positive: forward, msgType, startTime, endTime } = body;
  const limit = Math.min(Math.max(wanted ?? pageDefault, 1), pageMax);
  const types = msgType ? msgType.split(',') : [];
  return {
    order: forward === true ? 'oldestFirst' : 'newestFirst',
    limit,
    // Only what this route gave as next_key is a cursor; the SDK starts with -1.
    ...(typeof start === 'string' && start !== '' && start !== '-1' ? { from: start } : {}),
    ...(types.length > 0 ? { contentKinds: types.flatMap((type) => kindsByType.get(type) ?? []) } : {}),
    ...(startTime && startTime > 0 ? { sentFrom: startTime } : {}),
    ...(endTime && endTime > 0 ? { sentThrough: endTime } : {}),
  };
}

/** What was recalled between the two reads has no body any more, and no place here. */
async function encoded(deps: HttpDeps, app: App, items: readonly MessageItem[]): Promise<readonly object[]> {
  const ids = items.map(({ itemId }) => itemId);
  const contents = await deps.storage.contents.read(app.no, ids);
  return items.flatMap((item) => {
    const content = contents.get(item.itemId);
    if (content === undefined) return [];
    return [{ msg: Buffer.from(deps.codec.encode(app, item, content)).toString('base64') }];
  });
}
