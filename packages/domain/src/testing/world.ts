import type { PlanDeliveries } from '../application/decideUnit.js';
import { createCommandLoop } from '../application/commandLoop.js';
import type { CommandLoop } from '../application/commandLoop.js';
import type { CommandOf, CommandType, Outcome, Refusals } from '../application/command.js';
import type { ChatKind } from '../chat/chat.js';
import { wants } from '../callback/rule.js';
import type { CallbackRule } from '../callback/rule.js';
import { assert } from '../kernel/assert.js';
import type { IdSource } from '../ports/idSource.js';
import type { App } from '../ports/apps.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import { conversationTimeline } from '../conversation/conversation.js';
import type { DeleteConversation } from '../conversation/deleteConversation.js';
import type { MsgId, UserId } from '../kernel/ids.js';
import type { TimelineId } from '../kernel/stream.js';
import { timelineOf } from '../message/message.js';
import type { MessageRecalled } from '../message/message.js';
import type { RecallMessage } from '../message/recallMessage.js';
import type { SendMessage } from '../message/sendMessage.js';
import type { ConversationView, RoamingQuery } from '../ports/timelineReader.js';
import type { MessageItem } from '../timeline/item.js';
import { createFixedClock, createSequentialIds, immediateTurn } from './memory/time.js';
import type { FixedClock } from './memory/time.js';
import { appSample, deleteSample, recallSample, sampleInstant, sendSample } from './samples.js';

/** One delivery per recall and rule that wants it. */
export const planRecalls: PlanDeliveries = (decided, rules) =>
  decided.flatMap((event, index) =>
    event.type !== 'MessageRecalled'
      ? []
      : rules
          .filter((rule) => wants(rule, event.data.chat.kind))
          .map((rule) => ({ rule, events: [index], orderKey: orderKeyOf(rule, event) })),
  );

function orderKeyOf(rule: CallbackRule, { data }: MessageRecalled): TimelineId | null {
  return rule.ordered ? timelineOf(data.from, data.chat) : null;
}

/** A store in use: an app, a clock, a command loop, and what a test does and sees with them. */
export interface World {
  readonly ports: StoragePorts;
  readonly app: App;
  readonly clock: FixedClock;
  readonly ids: IdSource;
  readonly loop: CommandLoop;
  /** Sends one second after what happened last; answers the message's id. */
  send(change?: Partial<SendMessage>): Promise<MsgId>;
  /** Recalls by the app's authority, in the chat and at the time that the change says. */
  recall(msgId: MsgId, change?: Partial<RecallMessage>): Promise<Outcome<Refusals['RecallMessage']>>;
  deleteConversation(change?: Partial<DeleteConversation>): Promise<void>;
  /** Submits one command; answers its outcome. */
  one<T extends CommandType>(command: CommandOf<T>): Promise<Outcome<Refusals[T]>>;
  /** What a user pulls from roaming, all of it on one page. */
  roaming(
    user: UserId,
    channel: string,
    change?: Partial<RoamingQuery> & { readonly kind?: ChatKind },
  ): Promise<readonly MessageItem[]>;
  conversations(user: UserId): Promise<readonly ConversationView[]>;
}

/** Starts a world on empty storage. */
export async function createWorld(ports: StoragePorts): Promise<World> {
  const clock = createFixedClock(sampleInstant);
  const ids = createSequentialIds(clock);
  const app = await ports.apps.create(appSample());
  assert(typeof app === 'object', 'the storage is empty');
  const loop = createCommandLoop({
    store: ports.commands,
    plan: planRecalls,
    nextCommandId: () => `command ${ids.next()}`,
    nextTurn: immediateTurn,
  });
  const tick = () => {
    clock.advance(1000);
    return { app: app.no, now: clock.now() };
  };
  const one: World['one'] = async (command) => {
    const [outcome] = await loop.submit([command]);
    assert(outcome !== undefined, 'one command has one outcome');
    return outcome;
  };
  return {
    ports,
    app,
    clock,
    ids,
    loop,
    one,
    send: async (change) => {
      const command = sendSample({ ...tick(), msgId: ids.next(), ...change });
      const outcome = await one<'SendMessage'>(command);
      assert(outcome.ok, 'a new message is never refused');
      return command.msgId;
    },
    recall: (msgId, change) =>
      one<'RecallMessage'>(recallSample({ ...tick(), recallId: ids.next(), msgId, ...change })),
    deleteConversation: async (change) => {
      await one<'DeleteConversation'>(deleteSample({ ...tick(), ...change }));
    },
    roaming: async (user, channel, { kind = 'chat', ...change } = {}) => {
      const timeline = conversationTimeline(user, kind, channel);
      const query = { app: app.no, timeline, user, order: 'oldestFirst', limit: 1000 } as const;
      const page = await ports.timelines.roaming({ ...query, now: clock.now(), ...change });
      return page.entities;
    },
    conversations: async (user) => {
      const query = { app: app.no, user, limit: 1000, now: clock.now() };
      return (await ports.timelines.conversations(query)).entities;
    },
  };
}
