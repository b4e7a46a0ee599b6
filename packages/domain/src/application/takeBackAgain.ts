import { conversationTimeline } from '../conversation/conversation.js';
import type { ConversationDeleted, DeletedRoaming, RoamingDeleted } from '../conversation/conversation.js';
import type { UnwantedRoaming } from '../conversation/deleteRoaming.js';
import type { RecordedEvent } from '../events.js';
import type { AppNo, Instant } from '../kernel/ids.js';
import { conversationStream, messageStream, recallPolicyStream } from '../kernel/stream.js';
import { limits } from '../limits.js';
import type { MessageRecalled } from '../message/message.js';
import type { RecallMessage } from '../message/recallMessage.js';
import type { Apps } from '../ports/apps.js';
import type { EventLog } from '../ports/eventLog.js';
import type { LaterEvent } from '../ports/laterEvents.js';
import type { TimelineReader } from '../ports/timelineReader.js';
import type { RecallPolicyChanged } from '../recall-policy/recallPolicy.js';
import type { CommandOf, CommandType } from './command.js';
import type { CommandLoop } from './commandLoop.js';
import { readRecallPolicy } from './readRecallPolicy.js';
import { submitOne } from './submitOne.js';

export interface TakeBackDeps {
  /** Of the copy; plans no deliveries: receivers were told when it happened. */
  readonly loop: CommandLoop;
  readonly log: EventLog;
  readonly timelines: Pick<TimelineReader, 'roaming'>;
  readonly apps: Pick<Apps, 'find'>;
}

/**
 * What became of an event: it changed the copy; the copy had it, or something newer; the copy does not know
 * its app, group or room, and so nothing of what it took back; the copy refuses it.
 */
export type TakenBack = 'taken' | 'had' | 'unknown' | 'refused';

/**
 * Does again what a store did after the copy was made: under the ids, at the times and from the origins
 * that it had. Doing it once more changes nothing, also when the copy has been in use meanwhile. Answers what
 * became of each event, in order.
 */
export async function takeBackAgain(
  deps: TakeBackDeps,
  later: readonly LaterEvent[],
): Promise<readonly TakenBack[]> {
  const done: Promise<TakenBack>[] = [];
  for (const one of later) {
    // Recalls do not depend on each other: they share commits.
    if (one.event.type !== 'MessageRecalled') await Promise.allSettled(done);
    done.push(again(deps, one));
    if (one.event.type !== 'MessageRecalled') await Promise.allSettled(done);
  }
  return Promise.all(done);
}

async function again(
  deps: TakeBackDeps,
  { org, app: name, event, extension }: LaterEvent,
): Promise<TakenBack> {
  const app = await deps.apps.find(org, name);
  if (app === undefined) return 'unknown';
  switch (event.type) {
    case 'MessageRecalled':
      return recallAgain(deps, app.no, event, extension);
    case 'ConversationDeleted':
      return deleteAgain(deps, app.no, event);
    case 'RoamingDeleted':
      return deleteRoamingAgain(deps, app.no, event);
    case 'RecallPolicyChanged':
      return changeAgain(deps, app.no, event);
  }
}

async function recallAgain(
  deps: TakeBackDeps,
  app: AppNo,
  event: MessageRecalled,
  extension: LaterEvent['extension'],
): Promise<TakenBack> {
  const { msgId, recallId, chat, from, by, forced, audience, origin, originDevice } = event.data;
  const known = await deps.log.ofStream(app, messageStream(msgId));
  if (known.some(({ type }) => type === 'MessageRecalled')) return 'had';
  const held = known.length > 0;
  const command: RecallMessage = {
    type: 'RecallMessage',
    app,
    msgId,
    recallId,
    chatKind: chat.kind,
    to: chat.id,
    // Of a message that the copy never had, the notice goes where its author's would.
    by: held ? by : from,
    authority: 'app',
    waive: { window: true, absence: forced || !held },
    syncSender: audience === 'all',
    extension,
    origin,
    originDevice,
    now: event.occurredAt,
  };
  const outcome = await submitOne<'RecallMessage'>(deps.loop, command);
  if (outcome.ok) return outcome.events.length > 0 ? 'taken' : 'had';
  switch (outcome.code) {
    case 'alreadyRecalled':
      return 'had';
    case 'chatNotFound':
      return 'unknown';
    case 'serviceDisabled':
      await switchOn(deps, app, event.occurredAt);
      return recallAgain(deps, app, event, extension);
    default:
      return 'refused';
  }
}

/** The recall was accepted: that recalling was switched on before it is what nobody knows any more. */
async function switchOn({ loop, log }: TakeBackDeps, app: AppNo, now: Instant): Promise<void> {
  const { windowSeconds } = await readRecallPolicy(log, app);
  await submitPolicy(loop, { app, enabled: true, windowSeconds, by: 'recalld', now });
}

async function deleteAgain(
  { loop, timelines }: TakeBackDeps,
  app: AppNo,
  { data, actor, occurredAt }: ConversationDeleted,
): Promise<TakenBack> {
  const { user, kind, channel, roaming, origin, originDevice, noticeId = null } = data;
  const timeline = conversationTimeline(user, kind, channel);
  const newest = await timelines.roaming({
    app,
    timeline,
    user,
    order: 'newestFirst',
    limit: 1,
    now: occurredAt,
  });
  // A message that came after it was never meant; it means that the deletion was done before.
  const sentAt = newest.entities[0]?.sentAt ?? 0;
  if (sentAt > occurredAt + limits.clockSkewMsMax) return 'had';
  return submitted(loop, {
    type: 'DeleteConversation',
    app,
    user,
    kind,
    channel,
    deleteRoaming: roaming === 'deleted',
    origin,
    originDevice,
    noticeId,
    by: actor,
    now: occurredAt,
  });
}

/** Messages go by their ids: what was sent after the copy was made has other places in the copy, if any. */
async function deleteRoamingAgain(
  { loop, log }: TakeBackDeps,
  app: AppNo,
  { data, actor, occurredAt }: RoamingDeleted,
): Promise<TakenBack> {
  const { user, kind, channel, deleted, origin, originDevice, noticeId = null } = data;
  const unwanted = unwantedOf(deleted);
  // By time it would be recorded again for as long as messages come, though it changes nothing.
  const known = await log.ofStream(app, conversationStream(user, kind, channel));
  const isIt = (event: RecordedEvent) =>
    event.type === 'RoamingDeleted' &&
    event.occurredAt === occurredAt &&
    JSON.stringify(unwantedOf(event.data.deleted)) === JSON.stringify(unwanted);
  if (known.some(isIt)) return 'had';
  return submitted(loop, {
    type: 'DeleteRoaming',
    app,
    user,
    kind,
    channel,
    unwanted,
    origin,
    originDevice,
    noticeId,
    by: actor,
    now: occurredAt,
  });
}

function unwantedOf(deleted: DeletedRoaming): UnwantedRoaming {
  return deleted.by === 'time'
    ? { by: 'time', sentThrough: deleted.sentThrough }
    : { by: 'ids', msgIds: deleted.messages.map(({ msgId }) => msgId) };
}

async function changeAgain(
  { loop, log }: TakeBackDeps,
  app: AppNo,
  { data, actor, occurredAt }: RecallPolicyChanged,
): Promise<TakenBack> {
  const last = (await log.ofStream(app, recallPolicyStream)).at(-1);
  if (last !== undefined && last.occurredAt > occurredAt) return 'had';
  const { enabled, windowSeconds } = data;
  return submitPolicy(loop, { app, enabled, windowSeconds, by: actor, now: occurredAt });
}

function submitPolicy(
  loop: CommandLoop,
  change: Omit<CommandOf<'ChangeRecallPolicy'>, 'type' | 'retentionMs'>,
): Promise<TakenBack> {
  return submitted(loop, { type: 'ChangeRecallPolicy', retentionMs: null, ...change });
}

async function submitted<T extends CommandType>(
  loop: CommandLoop,
  command: CommandOf<T>,
): Promise<TakenBack> {
  const outcome = await submitOne(loop, command);
  if (!outcome.ok) return 'refused';
  return outcome.events.length > 0 ? 'taken' : 'had';
}
