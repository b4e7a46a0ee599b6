import { assert } from './assert.js';
import { idEpochMs, isMsgId, mintedAt } from './ids.js';
import type { Instant, ItemId, MsgId, UserId } from './ids.js';

/** Name of an event stream inside one app: `category/part/part`, parts percent-encoded. */
export type StreamId = string;

/** Name of a timeline inside one app: `pair/{lower}/{higher}`, `group/{id}`, `room/{id}`, `user/{id}`. */
export type TimelineId = string;

/** Which kind of chat a conversation view is of; chat rooms are in no list. */
export type ConversationKind = 'chat' | 'groupchat';

export type ParsedTimeline =
  | { readonly kind: 'pair'; readonly userA: UserId; readonly userB: UserId }
  | { readonly kind: 'group' | 'room' | 'user'; readonly id: string };

const dayMs = 86_400_000;
const messagePrefix = 'message/';
const acknowledgementPrefix = 'acknowledgement/';

/** Text that percent-encoding leaves as it is: most ids. */
const plain = /^[\w.-]+$/;

function encoded(part: string): string {
  return plain.test(part) ? part : encodeURIComponent(part);
}

/** Joins a category and its parts so that no two different lists give the same name. */
function name(category: string, ...parts: readonly string[]): string {
  let joined = category;
  for (const part of parts) joined += `/${encoded(part)}`;
  return joined;
}

function parse(id: string): { readonly category: string; readonly parts: readonly string[] } {
  const [category, ...parts] = id.split('/');
  assert(category !== undefined && category !== '', `a name has a category: ${id}`);
  return { category, parts: parts.map(decodeURIComponent) };
}

export function messageStream(msgId: MsgId): StreamId {
  return messagePrefix + encoded(msgId);
}

/** What a user has read and deleted of one chat. */
export function conversationStream(
  user: UserId,
  kind: ConversationKind | 'chatroom',
  channel: string,
): StreamId {
  return name('conversation', user, kind, channel);
}

export const recallPolicyStream: StreamId = 'recall-policy';

export function callbackRuleStream(ruleId: string): StreamId {
  return name('callback-rule', ruleId);
}

/** Each test of a rule is a stream of its own, by the id minted for it: tests may be many. */
export function callbackRuleTestStream(recallId: ItemId): StreamId {
  return name('callback-rule-test', recallId);
}

/** What one user has said of one message: a message may have many receivers. */
export function acknowledgementStream(msgId: MsgId, by: UserId): StreamId {
  return `${acknowledgementPrefix + encoded(msgId)}/${encoded(by)}`;
}

/** What ended sessions of a user's devices at one instant: nobody asks for all of them. */
export function sessionsStream(user: UserId, endedAt: Instant): StreamId {
  return name('sessions', user, String(endedAt));
}

/** Category and decoded parts of a stream's name. */
export function parseStream(stream: StreamId): {
  readonly category: string;
  readonly parts: readonly string[];
} {
  return parse(stream);
}

/**
 * The day that a stream belongs to, counted from 2014-12-03: the day in a message's id, also for what was
 * said of the message, 0 for every other stream. A stream's events stay together whatever day they happen on.
 */
export function streamDay(stream: StreamId): number {
  const id = messageOf(stream);
  if (id === undefined || !isMsgId(id)) return 0;
  return Math.floor((mintedAt(id) - idEpochMs) / dayMs);
}

/** The message whose stream it is, or that was acknowledged there: its encoded id. */
function messageOf(stream: StreamId): string | undefined {
  if (stream.startsWith(messagePrefix)) return stream.slice(messagePrefix.length);
  if (!stream.startsWith(acknowledgementPrefix)) return undefined;
  const end = stream.indexOf('/', acknowledgementPrefix.length);
  return stream.slice(acknowledgementPrefix.length, end);
}

/** The one timeline of two users, whichever of them is named first. */
export function pairTimeline(a: UserId, b: UserId): TimelineId {
  return a < b ? name('pair', a, b) : name('pair', b, a);
}

export function groupTimeline(group: string): TimelineId {
  return name('group', group);
}

export function roomTimeline(room: string): TimelineId {
  return name('room', room);
}

/** The nameless system queue of one user: notices to the user's other devices. */
export function userTimeline(user: UserId): TimelineId {
  return name('user', user);
}

export function parseTimeline(timeline: TimelineId): ParsedTimeline {
  const { category, parts } = parse(timeline);
  const [first, second] = parts;
  assert(first !== undefined, `a timeline names whose it is: ${timeline}`);
  switch (category) {
    case 'pair':
      assert(second !== undefined, `a pair has two users: ${timeline}`);
      return { kind: 'pair', userA: first, userB: second };
    case 'group':
    case 'room':
    case 'user':
      return { kind: category, id: first };
    default:
      throw new Error(`invariant broken: unknown timeline ${timeline}`);
  }
}
