import { createCommandLoop } from '../application/commandLoop.js';
import type { CommandLoop } from '../application/commandLoop.js';
import type { Command, CommandOf, CommandType, Outcome } from '../application/command.js';
import { healthy } from '../callback/suspension.js';
import type { RuleHealth } from '../callback/suspension.js';
import { assert } from '../kernel/assert.js';
import type { AppNo, AttachmentId, Instant, MsgId, UserId } from '../kernel/ids.js';
import type { ConversationKind } from '../kernel/stream.js';
import type { CommandStore } from '../ports/commandStore.js';
import type { StoragePorts } from '../ports/storagePorts.js';
import { createFixedClock, immediateTurn } from './memory/time.js';
import type { FixedClock } from './memory/time.js';
import {
  ackSample,
  appSample,
  attachmentSample,
  deleteRoamingSample,
  deleteSample,
  endSample,
  groupSample,
  idAt,
  policySample,
  readSample,
  recallSample,
  ruleSample,
  sampleInstant,
  sendSample,
  tellSample,
  testSample,
  textContent,
} from './samples.js';
import { planRecalls } from './world.js';

// A small world in which commands meet each other all the time, for properties over whole histories.

export const historyUsers = ['u1', 'u2', 'u3'] as const;
export const historyFiles = ['f1', 'f2'] as const;
export const historyMessages = Array.from({ length: 6 }, (_, n) => idAt(sampleInstant, n));
export const historyRule = 'r1';
export const historyGroup = { kind: 'groupchat', id: 'g1' } as const;

/** What somebody asks for, in small numbers; {@link commandFrom} makes a command of it. */
export interface Wish {
  readonly type: CommandType;
  readonly message: number;
  readonly user: number;
  readonly peer: number;
  readonly inGroup: boolean;
  readonly forced: boolean;
  readonly flag: boolean;
  readonly file: number;
  /** Makes the id of what the command's event is told by. */
  readonly nth: number;
}

/** One step of a history: commands that arrive together on two nodes, somebody who comes or goes, or time. */
export type Step =
  | { readonly type: 'commands'; readonly wishes: readonly Wish[] }
  | { readonly type: 'join' | 'leave'; readonly user: number }
  | { readonly type: 'wait'; readonly seconds: number };

/** What the small numbers of a wish stand for. */
interface Scene {
  readonly wish: Wish;
  readonly app: AppNo;
  readonly now: Instant;
  readonly msgId: MsgId;
  readonly user: UserId;
  readonly peer: UserId;
  readonly file: AttachmentId;
  readonly chatKind: ConversationKind;
  readonly to: string;
  /** The n-th id of those that commands of one kind bring. */
  idAfter(start: number): string;
}

/** The command that a wish comes to at an instant. */
export function commandFrom(wish: Wish, app: AppNo, now: Instant): Command {
  const peer = choose(historyUsers, wish.peer);
  return commandOf[wish.type]({
    wish,
    app,
    now,
    msgId: choose(historyMessages, wish.message),
    user: choose(historyUsers, wish.user),
    peer,
    file: choose(historyFiles, wish.file),
    chatKind: wish.inGroup ? 'groupchat' : 'chat',
    to: wish.inGroup ? historyGroup.id : peer,
    idAfter: (start) => idAt(sampleInstant, start + wish.nth),
  });
}

const commandOf: { readonly [T in CommandType]: (scene: Scene) => CommandOf<T> } = {
  SendMessage: ({ wish, app, now, msgId, user, file, chatKind, to }) =>
    sendSample({
      app,
      msgId,
      from: user,
      to,
      chatKind,
      attachments: wish.flag ? [file] : [],
      expiresAt: wish.forced ? now + 60_000 : null,
      content: textContent(`body of ${msgId}`),
      authority: wish.flag ? 'app' : 'user',
      retryKey: wish.file === 0 ? `${user} ${wish.nth % 4}` : null,
      now,
    }),
  RecallMessage: ({ wish, app, now, msgId, user, chatKind, to, idAfter }) =>
    recallSample({
      app,
      msgId,
      recallId: idAfter(1000),
      by: user,
      to,
      chatKind,
      authority: wish.flag ? 'app' : 'user',
      waive: { window: wish.forced, absence: wish.forced },
      now,
    }),
  AcknowledgeMessage: ({ wish, app, now, msgId, user, peer, chatKind, to, idAfter }) =>
    ackSample({
      app,
      ackId: idAfter(20_000),
      ack: wish.flag ? 'read' : 'delivered',
      msgId,
      chatKind,
      by: peer,
      to: wish.inGroup ? to : user,
      now,
    }),
  DeleteConversation: ({ wish, app, now, user, chatKind, to, idAfter }) =>
    deleteSample({
      app,
      user,
      kind: chatKind,
      channel: to,
      deleteRoaming: wish.flag,
      noticeId: wish.forced ? idAfter(40_000) : null,
      now,
    }),
  DeleteRoaming: ({ wish, app, now, msgId, user, chatKind, to, idAfter }) =>
    deleteRoamingSample({
      app,
      user,
      kind: chatKind,
      channel: to,
      unwanted: wish.flag
        ? { by: 'ids', msgIds: [msgId] }
        : { by: 'time', sentThrough: now - 3_000 * wish.file },
      noticeId: wish.forced ? idAfter(80_000) : null,
      now,
    }),
  ReadConversation: ({ app, now, user, chatKind, to, idAfter }) =>
    readSample({ app, user, kind: chatKind, channel: to, noticeId: idAfter(60_000), now }),
  EndSessions: ({ app, now, user }) => endSample({ app, user, now }),
  ChangeRecallPolicy: ({ wish, app, now }) =>
    policySample({ app, enabled: wish.flag || wish.forced, windowSeconds: 30 + 60 * wish.file, now }),
  ExpireMessage: ({ app, now, msgId }) => ({ type: 'ExpireMessage', app, msgId, now }),
  PurgeAttachment: ({ app, now, msgId, file }) => ({
    type: 'PurgeAttachment',
    app,
    msgId,
    attachment: file,
    now,
  }),
  TellRuleHealth: ({ wish, app, now }) =>
    tellSample({ app, ruleId: historyRule, health: healthFrom(wish, now), now }),
  TestCallbackRule: ({ app, now, msgId, idAfter }) =>
    testSample({ app, ruleId: historyRule, msgId, recallId: idAfter(1000), now }),
};

function healthFrom({ flag }: Wish, now: Instant): RuleHealth {
  return flag ? { status: 'suspended', since: now - 600_000, probes: 0, probeAt: now } : healthy;
}

/** What was asked, and what became of it. */
export interface Answered {
  readonly command: Command;
  /** The outcome, or the fault. */
  readonly outcome: Outcome | Error;
}

/** A store with an app, a group, two files and a callback rule, and two nodes that write to it. */
export interface Stage {
  readonly ports: StoragePorts;
  readonly app: AppNo;
  readonly clock: FixedClock;
  /** Submits each command as a unit of its own, in turn on the two nodes, all at once. */
  submit(commands: readonly Command[]): Promise<readonly Answered[]>;
  /** Takes a step one second after the one before. */
  take(step: Step): Promise<readonly Answered[]>;
}

export async function createStage(ports: StoragePorts, store: CommandStore = ports.commands): Promise<Stage> {
  const clock = createFixedClock(sampleInstant);
  const created = await ports.apps.create(appSample());
  assert(typeof created === 'object', 'the storage is empty');
  const app = created.no;
  await ports.rules.create(ruleSample(app, historyRule));
  await ports.chats.create(groupSample(app, historyGroup.id, { owner: 'u1' }), ['u2']);
  for (const id of historyFiles) await ports.attachments.add(attachmentSample(app, id));
  const nodes = ['a', 'b'].map((node) => nodeOn(store, node));
  const submit: Stage['submit'] = (commands) =>
    Promise.all(commands.map((command, n) => answerOf(choose(nodes, n), command)));
  return {
    ports,
    app,
    clock,
    submit,
    take: async (step) => {
      clock.advance(step.type === 'wait' ? step.seconds * 1000 : 1000);
      switch (step.type) {
        case 'commands':
          return await submit(step.wishes.map((wish) => commandFrom(wish, app, clock.now())));
        case 'join':
          await ports.chats.addMembers(app, historyGroup, [choose(historyUsers, step.user)]);
          return [];
        case 'leave':
          await ports.chats.removeMembers(app, historyGroup, [choose(historyUsers, step.user)]);
          return [];
        case 'wait':
          return [];
      }
    },
  };
}

function nodeOn(store: CommandStore, node: string): CommandLoop {
  let commands = 0;
  return createCommandLoop({
    store,
    plan: planRecalls,
    nextCommandId: () => `${node}${(commands += 1)}`,
    nextTurn: immediateTurn,
  });
}

async function answerOf(loop: CommandLoop, command: Command): Promise<Answered> {
  try {
    const [outcome] = await loop.submit([command]);
    assert(outcome !== undefined, 'one command has one outcome');
    return { command, outcome };
  } catch (fault) {
    return { command, outcome: fault instanceof Error ? fault : new Error(String(fault)) };
  }
}

function choose<T>(choices: readonly T[], index: number): T {
  const choice = choices[index % choices.length];
  assert(choice !== undefined, 'there is something to choose from');
  return choice;
}
