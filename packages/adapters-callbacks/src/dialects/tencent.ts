import { createHash } from 'node:crypto';
import { timelineOf } from '@recalld/domain';
import type { App, ChatRef, GroupType, Instant, MessageRecalled, Origin } from '@recalld/domain';
import { appkeyOf, recallsOf, wantedRecalls } from './dialect.js';
import type { CallbackDialect, OpenedDelivery } from './dialect.js';

/** A test is shown as the recall of a group's message: a MsgKey of nothing would be one too many. */
const testedIn = 'groupchat';

/**
 * Seed 001 for groups and rooms: one callback for all messages of a group that one call recalled. A
 * one-to-one recall is `C2C.CallbackAfterMsgWithDraw` (contract C2), one per message.
 */
export const tencent: CallbackDialect = {
  plan: (decided, rule) => {
    const groups = new Map<string, number[]>();
    for (const { index, recall } of wantedRecalls(decided, rule, testedIn)) {
      const key = callbackKey(recall);
      if (key === undefined) continue;
      groups.set(key, [...(groups.get(key) ?? []), index]);
    }
    return [...groups.values()];
  },
  unreadOf: (events) => {
    const { chat } = recallsOf(events, testedIn)[0].data;
    return chat.kind === 'chat' ? chat.id : undefined;
  },
  render: (delivery, now) => {
    const recalls = recallsOf(delivery.events, testedIn);
    const [{ data }] = recalls;
    const body = data.chat.kind === 'chat' ? pairBody(recalls[0], delivery.unread) : groupBody(recalls);
    const headers = { 'Content-Type': 'application/json' };
    const url = callbackUrl(delivery, body.CallbackCommand, data.origin, now);
    return { url, headers, body: JSON.stringify(body) };
  },
  callId: () => null,
  isSuccess: (status) => status === 200,
};

/**
 * Recalls with the same key go out together. Undefined for one that the format cannot name: the
 * server never had the message, so it has neither a MsgSeq nor a MsgKey.
 */
function callbackKey(recall: MessageRecalled): string | undefined {
  const { msgId, from, by, chat, messageSeq, messageKey } = recall.data;
  if (chat.kind === 'chat') return messageKey === null ? undefined : `message/${msgId}`;
  return messageSeq === null ? undefined : `${timelineOf(from, chat)}/${by}`;
}

/** The five fields of seed 001, in its order. */
function groupBody(recalls: readonly [MessageRecalled, ...MessageRecalled[]]) {
  const { by, chat } = recalls[0].data;
  return {
    CallbackCommand: 'Group.CallbackAfterRecallMsg',
    Operator_Account: by,
    Type: groupTypeOf(chat),
    GroupId: chat.id,
    MsgSeqList: recalls.map(({ data }) => ({ MsgSeq: data.messageSeq })),
  };
}

function groupTypeOf({ kind, groupType }: ChatRef): GroupType {
  return groupType ?? (kind === 'chatroom' ? 'ChatRoom' : 'Private');
}

function pairBody({ data }: MessageRecalled, unread: number) {
  return {
    CallbackCommand: 'C2C.CallbackAfterMsgWithDraw',
    From_Account: data.from,
    To_Account: data.chat.id,
    MsgKey: data.messageKey,
    UnreadMsgNum: unread,
  };
}

/** The rule's URL with its own query, then the parameters of seed 001, then the signature (contract C3). */
function callbackUrl(delivery: OpenedDelivery, command: string, origin: Origin, now: Instant): string {
  const parameters = [
    ['SdkAppid', sdkAppIdOf(delivery.app)],
    ['CallbackCommand', command],
    ['contenttype', 'json'],
    ['ClientIP', origin.ip],
    ['OptPlatform', origin.platform],
    ...(delivery.secret === null ? [] : signature(delivery.secret, now)),
  ] as const;
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const url = new URL(delivery.rule.url);
  const own = url.search.slice(1);
  url.search = own === '' ? query : `${own}&${query}`;
  url.hash = '';
  return url.href;
}

/** A rule in this dialect needs a bound id when it is made. @throws when the app has lost it since. */
function sdkAppIdOf(app: App): string {
  if (app.sdkAppId === null) throw new Error(`app ${appkeyOf(app)} has no sdkappid`);
  return String(app.sdkAppId);
}

/** Made anew for each attempt: receivers refuse an old RequestTime. */
function signature(token: string, now: Instant): readonly (readonly [string, string])[] {
  const requestTime = String(Math.floor(now / 1000));
  const sign = createHash('sha256').update(`${token}${requestTime}`, 'utf8').digest('hex');
  return [
    ['Sign', sign],
    ['RequestTime', requestTime],
  ];
}
