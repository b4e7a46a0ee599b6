import type { App, ConversationView, MessageItem, StoredContent } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { channelJid, userJid } from './jids.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Conversations that the vendor keeps of one user (contract A5). */
const conversationsMax = 100;

/** A user's conversation list, as the SDK reads it (msync). */
export function conversationRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function list(call: Call): Promise<Answer> {
    const app = appOf(call);
    const user = param(call, 'username');
    const { entities } = await deps.storage.timelines.conversations({
      app: app.no,
      user,
      limit: conversationsMax,
      now: deps.clock.now(),
    });
    const lastIds = entities.flatMap(({ lastMessage }) => lastMessage?.itemId ?? []);
    const contents = await deps.storage.contents.read(app.no, lastIds);
    const channels = entities.map((view) => channelInfo(app, view, contents));
    return replies.ok(call, { path: '/users/user_channels', data: { channel_infos: channels } });
  }

  return [
    {
      method: 'GET',
      path: '/{org}/{app}/users/{username}/user_channels',
      operationId: 'listConversations',
      summary: 'Lists a user’s conversations, the one with the newest message first',
      tag: 'Conversations',
      auth: 'appOrUser',
      limits: [{ name: 'conversationListsPerSecond' }, { name: 'conversationListsPerMinuteAndUser' }],
      answers: answers(200, 401, 404),
      handle: list,
    },
  ];
}

function channelInfo(
  app: App,
  { kind, channel, unread, lastMessage }: ConversationView,
  contents: ReadonlyMap<string, StoredContent>,
): object {
  const content = lastMessage && contents.get(lastMessage.itemId);
  return {
    channel_id: channelJid(app, kind, channel),
    unread_num: unread,
    // Without a message that may be seen there is no preview.
    meta: lastMessage && content ? preview(app, lastMessage, content) : {},
  };
}

function preview(app: App, item: MessageItem, content: StoredContent): object {
  const { itemId, author, chat, sentAt } = item;
  const kind = chat.kind === 'chat' ? 'chat' : 'groupchat';
  const { bodies, ext } = bodiesOf(content);
  return {
    id: itemId,
    from: userJid(app, author),
    to: channelJid(app, kind, chat.id),
    timestamp: sentAt,
    // The SDK parses this text by itself.
    payload: JSON.stringify({ bodies, ext, from: author, to: chat.id, type: kind }),
  };
}

interface Preview {
  readonly bodies: readonly object[];
  readonly ext: object;
}

/** What a stored body shows in a list; only this contract's own format is read here. */
function bodiesOf({ format, payload }: StoredContent): Preview {
  if (format !== 'easemob') return { bodies: [], ext: {} };
  // Written by this adapter alone.
  const stored = JSON.parse(Buffer.from(payload).toString('utf8')) as {
    readonly type: string;
    readonly body: object;
    readonly ext: object;
  };
  return { bodies: [{ ...stored.body, type: stored.type }], ext: stored.ext };
}
