import { limits } from '@recalld/domain';
import type { App, ConversationView, Cursor, Page } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Route } from '../route.js';
import { appOf, param, queryText } from '../route.js';
import { errors } from './errors.js';
import { channelJid } from './jids.js';
import { previewOf } from './previews.js';
import type { CustomFields } from './previews.js';
import { wholeNumber } from './queries.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Conversations that the vendor keeps of one user (contract A5). */
const conversationsMax = 100;
const pageDefault = 20;
const cursorCharsMax = 512;

/** How a list shows one conversation; the last message's preview comes in `meta`. */
type Show = (app: App, view: ConversationView) => object;

/** A user's conversation list in the three forms that SDKs ask for (contract A5, msync). */
export function conversationRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  function listed(call: Call, limit: number, from?: Cursor): Promise<Page<ConversationView>> {
    const query = { app: appOf(call).no, user: param(call, 'username'), limit, now: deps.clock.now() };
    return deps.storage.timelines.conversations({ ...query, ...(from === undefined ? {} : { from }) });
  }

  async function shown(
    call: Call,
    views: readonly ConversationView[],
    show: Show,
    customFields: CustomFields,
  ): Promise<readonly object[]> {
    const app = appOf(call);
    const lastIds = views.flatMap(({ lastMessage }) => lastMessage?.itemId ?? []);
    const contents = await deps.storage.contents.read(app.no, lastIds);
    return views.map((view) => ({
      ...show(app, view),
      meta: previewOf(app, view, contents, deps.decoder, customFields),
    }));
  }

  async function list(call: Call): Promise<Answer> {
    const { entities } = await listed(call, conversationsMax);
    const data = { channel_infos: await shown(call, entities, named, 'map') };
    return replies.ok(call, { path: '/users/user_channels', data });
  }

  async function page(call: Call): Promise<Answer> {
    const number = wholeNumber(queryText(call, 'pageNum') ?? '1', limits.pageRowsMax);
    const size = wholeNumber(queryText(call, 'pageSize') ?? String(pageDefault), conversationsMax);
    if (number === undefined || size === undefined) return replies.refused(call, errors.invalidRequest);
    // Pages are counted; behind the rows that one query may ask for they are empty.
    const { entities } = await listed(call, Math.min(number * size, limits.pageRowsMax));
    const views = entities.slice((number - 1) * size, number * size);
    const data = { channel_infos: await shown(call, views, named, 'map') };
    return replies.ok(call, { path: '/users/user_channels/page', data });
  }

  async function listForSdk(call: Call): Promise<Answer> {
    const limit = wholeNumber(queryText(call, 'limit') ?? String(pageDefault), limits.pageRowsMax);
    const from = queryText(call, 'cursor');
    if (limit === undefined || (from?.length ?? 0) > cursorCharsMax) {
      return replies.refused(call, errors.invalidRequest);
    }
    // Nothing is pinned: this server has no pins.
    const pinned = queryText(call, 'is_top') === 'true';
    const { entities, cursor } = pinned
      ? { entities: [] }
      : await listed(call, Math.min(limit, conversationsMax), from);
    const data = { cursor: cursor ?? '', channel_infos: await shown(call, entities, addressed, 'list') };
    return replies.ok(call, { path: '/sdk/user/user_channels/list', data });
  }

  const row = {
    method: 'GET',
    tag: 'Conversations',
    auth: 'appOrUser',
    limits: [{ name: 'conversationListsPerSecond' }, { name: 'conversationListsPerMinuteAndUser' }],
  } as const;
  return [
    {
      ...row,
      path: '/{org}/{app}/users/{username}/user_channels',
      operationId: 'listConversations',
      summary: 'Lists a user’s conversations, the one with the newest message first',
      answers: answers(200, 401, 404),
      handle: list,
    },
    {
      ...row,
      path: '/{org}/{app}/users/{username}/user_channels/page',
      operationId: 'listConversationsByPage',
      summary: 'Lists one counted page of a user’s conversations',
      query: {
        pageNum: { type: 'integer', minimum: 1 },
        pageSize: { type: 'integer', maximum: conversationsMax },
      },
      answers: answers(200, 400, 401, 404),
      handle: page,
    },
    {
      ...row,
      path: '/{org}/{app}/sdk/user/{username}/user_channels/list',
      operationId: 'listConversationsForSdk',
      summary: 'Lists a user’s conversations from cursor to cursor, as the web SDK asks for them',
      query: {
        limit: { type: 'integer', maximum: limits.pageRowsMax },
        cursor: { type: 'string' },
        is_top: { type: 'boolean', description: 'true: only pinned ones, of which there are none' },
      },
      answers: answers(200, 400, 401, 404),
      handle: listForSdk,
    },
  ];
}

function named(app: App, { kind, channel, unread }: ConversationView): object {
  return { channel_id: channelJid(app, kind, channel), unread_num: unread };
}

function addressed(_app: App, { kind, channel, unread }: ConversationView): object {
  return {
    session_to: channel,
    session_type: kind,
    is_top: false,
    update_top_status_time: 0,
    unread_num: unread,
    marks: [],
  };
}
