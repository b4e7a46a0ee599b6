import { assert, limits } from '@recalld/domain';
import type { ChatKind, ContentKind, RateLimitName, SendMessage } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf } from '../route.js';
import { isId } from '../server/text.js';
import { attachmentsOf } from './attachmentUrls.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import { restOrigin } from './origin.js';
import type { Replies } from './replies.js';
import { answers, oneOfOrEmpty, textOrEmpty } from './schemas.js';

const contentKinds: readonly ContentKind[] = ['txt', 'img', 'audio', 'video', 'file', 'loc', 'cmd', 'custom'];

/** Contract A9. Required fields may be missing here: each has an error row of its own. */
const messageBody: JsonSchema = {
  type: 'object',
  description: 'to, type and body are required.',
  properties: {
    from: textOrEmpty(),
    to: { anyOf: [{ type: 'array', items: { type: 'string' } }, { enum: ['', null] }] },
    type: oneOfOrEmpty(...contentKinds),
    body: { type: ['object', 'null'] },
    ext: {},
    sync_device: oneOfOrEmpty(true, false),
    routetype: textOrEmpty(),
  },
};

type JsonObject = Readonly<Record<string, unknown>>;

/** What fits {@link messageBody}. */
interface MessageBody {
  readonly from?: string | null;
  readonly to?: readonly string[] | '' | null;
  readonly type?: ContentKind | '' | null;
  readonly body?: JsonObject | null;
  readonly ext?: unknown;
  readonly sync_device?: boolean | '' | null;
  readonly routetype?: string | null;
}

/** A message whose fields are in order. */
interface Asked {
  readonly from: string;
  readonly receivers: readonly string[];
  readonly contentKind: ContentKind;
  readonly body: JsonObject;
  readonly ext: JsonObject;
  readonly onlineOnly: boolean;
  /** Whether the sender's own devices get it too. */
  readonly syncSender: boolean;
}

interface Receivers {
  readonly collection: 'users' | 'chatgroups' | 'chatrooms';
  readonly chatKind: ChatKind;
  /** In one call (contract A9). */
  readonly max: number;
  readonly operationId: string;
  readonly calls: RateLimitName;
  readonly messages: RateLimitName;
}

const kinds: readonly Receivers[] = [
  {
    collection: 'users',
    chatKind: 'chat',
    max: 600,
    operationId: 'sendToUsers',
    calls: 'userSendsPerSecond',
    messages: 'userMessagesPerMinute',
  },
  {
    collection: 'chatgroups',
    chatKind: 'groupchat',
    max: 3,
    operationId: 'sendToGroups',
    calls: 'groupSendsPerSecond',
    messages: 'groupMessagesPerSecond',
  },
  {
    collection: 'chatrooms',
    chatKind: 'chatroom',
    max: 10,
    operationId: 'sendToRooms',
    calls: 'roomSendsPerSecond',
    messages: 'roomMessagesPerSecond',
  },
];

/** Sending asks nobody whether the receivers exist (contract A9). */
export function sendRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return kinds.map((receivers) => ({
    method: 'POST',
    path: `/{org}/{app}/messages/${receivers.collection}`,
    operationId: receivers.operationId,
    summary: `Sends a message to up to ${receivers.max} ${receivers.collection}`,
    tag: 'Messages',
    auth: 'app',
    limits: [
      { name: receivers.calls },
      { name: receivers.messages, usesOf: (body) => messagesOf(body as MessageBody, receivers.max) },
    ],
    body: messageBody,
    answers: answers(200, 400, 401, 404),
    handle: (call) => send(deps, replies, receivers, call),
  }));
}

/** One for each receiver; a call with too many of them is refused, and sends none. */
function messagesOf({ to }: MessageBody, receiversMax: number): number {
  return Array.isArray(to) && to.length <= receiversMax ? new Set(to).size : 0;
}

async function send(deps: HttpDeps, replies: Replies, kind: Receivers, call: Call): Promise<Answer> {
  // The row's schema has been enforced.
  const asked = read(call.body as MessageBody, kind.max);
  if ('error' in asked) return replies.refused(call, asked);
  const commands = commandsOf(deps, kind.chatKind, call, asked);
  if (commands === undefined) return replies.refused(call, errors.sendTooLarge);
  const outcomes = await deps.loop.submit<'SendMessage'>(commands);
  assert(
    outcomes.every(({ ok }) => ok),
    'a fresh id is not taken',
  );
  const data = Object.fromEntries(commands.map(({ to, msgId }) => [to, msgId]));
  return replies.ok(call, { path: `/messages/${kind.collection}`, data });
}

/** Checks the fields in the order of contract A9. */
function read(asked: MessageBody, receiversMax: number): Asked | ErrorRow {
  const { from = 'admin', to, type, body, ext = {}, routetype } = asked;
  if (from === null || from === '') return errors.sendFromEmpty;
  if (to === undefined || to === null || to.length === 0) return errors.sendToEmpty;
  if (!type) return errors.sendTypeEmpty;
  if (body === undefined || body === null || Object.keys(body).length === 0) return errors.sendBodyEmpty;
  if (!isJsonObject(ext)) return errors.sendExtNotObject;
  if (to.length > receiversMax) return errors.sendTooManyReceivers(receiversMax);
  const receivers = [...new Set(to)];
  if (!isId(from) || !receivers.every(isId)) return errors.invalidBody;
  const onlineOnly = routetype === 'ROUTE_ONLINE';
  const syncSender = asked.sync_device === true;
  return { from, receivers, contentKind: type, body, ext, onlineOnly, syncSender };
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One command per receiver; undefined when the content is larger than a message may be. */
function commandsOf(
  deps: HttpDeps,
  chatKind: ChatKind,
  call: Call,
  asked: Asked,
): readonly SendMessage[] | undefined {
  const { from, receivers, contentKind, body, ext, onlineOnly, syncSender } = asked;
  const size = Buffer.byteLength(JSON.stringify(body)) + Buffer.byteLength(JSON.stringify(ext));
  if (size > limits.messageBytesMax) return undefined;
  const app = appOf(call);
  const now = deps.clock.now();
  const { messageRetentionMs } = deps.settings;
  const payload = Buffer.from(JSON.stringify({ type: contentKind, body, ext }));
  return receivers.map((to) => ({
    type: 'SendMessage',
    app: app.no,
    msgId: deps.ids.next(),
    from,
    to,
    chatKind,
    content: { format: 'easemob', payload },
    contentKind,
    attachments: attachmentsOf(app, body),
    random: null,
    expiresAt: messageRetentionMs === null ? null : now + messageRetentionMs,
    flags: { ...(onlineOnly ? { onlineOnly: true } : {}), ...(syncSender ? {} : { notToSender: true }) },
    directedTo: null,
    authority: 'app',
    retryKey: null,
    origin: restOrigin(call),
    originDevice: null,
    now,
  }));
}
