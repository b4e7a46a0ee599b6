import { isMsgId, recallContent, submitOne } from '@recalld/domain';
import type { ChatKind, RecallMessage, StoredContent } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf } from '../route.js';
import { isId } from '../server/text.js';
import { errors, recallRefusals } from './errors.js';
import type { ErrorRow } from './errors.js';
import { restOrigin } from './origin.js';
import type { Replies } from './replies.js';
import { answers, oneOfOrEmpty, textOrEmpty } from './schemas.js';

/** As long as a message with its extension may be (contract A9); the vendor names no bound of its own. */
const extensionBytesMax = 5_120;

/** Seed 002. Required fields may be missing here: each has an error row of its own. */
const recallBody: JsonSchema = {
  type: 'object',
  description: 'msg_id, to and chat_type are required.',
  properties: {
    msg_id: textOrEmpty(),
    to: textOrEmpty(),
    chat_type: oneOfOrEmpty('chat', 'groupchat', 'chatroom'),
    from: textOrEmpty(),
    sync_device: oneOfOrEmpty(true, false),
    force: oneOfOrEmpty(true, false),
    recallMessageExtensionInfo: textOrEmpty(extensionBytesMax),
  },
};

/** What fits {@link recallBody}. */
interface RecallBody {
  readonly msg_id?: string | null;
  readonly to?: string | null;
  readonly chat_type?: ChatKind | '' | null;
  readonly from?: string | null;
  readonly sync_device?: boolean | '' | null;
  readonly force?: boolean | '' | null;
  readonly recallMessageExtensionInfo?: string | null;
}

/** A recall whose required fields are there. */
interface Asked {
  readonly msgId: string;
  readonly to: string;
  readonly chatKind: ChatKind;
  readonly from: string;
  readonly force: boolean;
  readonly syncSender: boolean;
  readonly extension: StoredContent | null;
}

export function recallRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function recall(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const asked = read(call.body as RecallBody);
    if ('error' in asked) return replies.refused(call, asked);
    const outcome = await submitOne<'RecallMessage'>(deps.loop, commandOf(deps, call, asked));
    if (!outcome.ok) return replies.refused(call, recallRefusals[outcome.code]);
    const { chatKind, from, to, msgId } = asked;
    // The request says chat_type, the answer chattype.
    const data = { recalled: 'yes', chattype: chatKind, from, to, msg_id: msgId };
    return replies.ok(call, { path: '/messages/msg_recall', data });
  }

  return [
    {
      method: 'POST',
      path: '/{org}/{app}/messages/msg_recall',
      operationId: 'recallMessage',
      summary: 'Takes one message back for everyone',
      tag: 'Messages',
      auth: 'app',
      limits: [{ name: 'recallsPerSecond' }],
      body: recallBody,
      answers: answers(200, 400, 401, 403, 404),
      handle: recall,
    },
  ];
}

/** Checks the fields in the order of seed 002's table. */
function read(body: RecallBody): Asked | ErrorRow {
  const { msg_id: msgId, to, chat_type: chatKind, force } = body;
  if (msgId === undefined || msgId === null || msgId === '') return errors.recallMsgIdEmpty;
  if (to === undefined || to === null || to === '') return errors.recallToEmpty;
  if (chatKind === undefined || chatKind === null || chatKind === '') return errors.recallChatTypeEmpty;
  if (force === null || force === '') return errors.recallForceEmpty;
  const from = body.from || 'admin';
  const extension = body.recallMessageExtensionInfo || null;
  if (!isId(from) || (extension !== null && Buffer.byteLength(extension) > extensionBytesMax)) {
    return errors.invalidBody;
  }
  return {
    msgId,
    to,
    chatKind,
    from,
    force: force === true,
    syncSender: body.sync_device !== false,
    extension: extension === null ? null : recallContent(extension),
  };
}

/**
 * Ids that nothing can have still go through the decision, which knows the order of the reasons: an
 * impossible message was never there, and an impossible receiver is a group that does not exist.
 */
function commandOf(deps: HttpDeps, call: Call, asked: Asked): RecallMessage {
  const { msgId, to, chatKind, from, force, syncSender, extension } = asked;
  return {
    type: 'RecallMessage',
    app: appOf(call).no,
    msgId: isMsgId(msgId) ? msgId : '0',
    recallId: deps.ids.next(),
    ...(isId(to) ? { chatKind, to } : { chatKind: 'groupchat', to: '' }),
    by: from,
    authority: 'app',
    waive: { window: force, absence: force },
    syncSender,
    extension,
    origin: restOrigin(call),
    originDevice: null,
    now: deps.clock.now(),
  };
}
