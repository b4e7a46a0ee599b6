import type { UnwantedRoaming } from '../../conversation/deleteRoaming.js';
import type { DeviceId, MsgId, UserId } from '../../kernel/ids.js';
import { groupTimeline } from '../../kernel/stream.js';
import type { TimelineId } from '../../kernel/stream.js';
import type { ItemFlags } from '../../message/message.js';
import type { TimelineCursor } from '../../ports/devices.js';
import { ackSample, deleteRoamingSample, deleteSample, readSample } from '../samples.js';
import { modelGroup, modelUsers, referenceOf } from './deviceModel.js';
import type { ModelDevice, Spans } from './deviceModel.js';
import type { DeviceWorld } from './deviceSupport.js';

/** What happens, in small numbers: who does it, on which device, to whom or to which queue. */
export interface Step {
  readonly type:
    | 'send'
    | 'recall'
    | 'acknowledge'
    | 'read'
    | 'delete'
    | 'deleteRoaming'
    | 'join'
    | 'leave'
    | 'connect'
    | 'pull'
    | 'confirm'
    | 'crash'
    | 'listen'
    | 'wait';
  readonly user: number;
  readonly device: number;
  readonly peer: number;
  readonly nth: number;
  readonly flag: boolean;
  readonly limit: number;
}

/** A world with what its devices should have, and where its sessions and listeners are. */
export interface Scene extends DeviceWorld {
  readonly spans: Spans;
  readonly devices: Map<string, ModelDevice>;
  /** How far each device has pulled in its session, without having confirmed it. */
  readonly pulled: Map<string, Map<TimelineId, TimelineCursor>>;
  readonly sent: { readonly msgId: MsgId; readonly from: string; readonly peer: number }[];
  readonly heard: Map<string, number>;
}

/** Most messages are ordinary ones. */
const flags: readonly ItemFlags[] = [
  ...Array.from({ length: 5 }, () => ({})),
  { onlineOnly: true },
  { imported: true },
  { notToSender: true },
];

export const nameOf = (list: readonly string[], n: number): string => list[n % list.length] ?? '';
export const userOf = ({ user }: Step): UserId => nameOf(modelUsers, user);
export const deviceOf = ({ device }: Step): DeviceId => `d${device}`;

/** Something is written to the log. */
export async function write(scene: Scene, next: Step): Promise<void> {
  const { app, ids, clock, sent, one } = scene;
  const user = userOf(next);
  const inGroup = next.peer === modelUsers.length;
  const channel = inGroup ? modelGroup.id : nameOf(modelUsers, next.peer);
  const kind = inGroup ? 'groupchat' : 'chat';
  const by = { originDevice: deviceOf(next), now: clock.now() };
  const message = sent[next.nth % Math.max(1, sent.length)];
  switch (next.type) {
    case 'send': {
      const expiresAt = next.nth === 0 ? clock.now() + 60_000 : null;
      const change = {
        from: user,
        to: channel,
        chatKind: kind,
        flags: flags[next.nth] ?? {},
        expiresAt,
      } as const;
      sent.push({
        msgId: await scene.send({ ...change, originDevice: by.originDevice }),
        from: user,
        peer: next.peer,
      });
      return;
    }
    case 'recall':
      if (message === undefined) return;
      await scene.recall(message.msgId, {
        ...chatOf(message),
        by: user,
        syncSender: next.flag,
        originDevice: by.originDevice,
      });
      return;
    case 'acknowledge': {
      if (message === undefined) return;
      const { to, chatKind } = chatOf(message);
      const names = { chatKind, to: chatKind === 'chat' ? message.from : to, by: user };
      await one(ackSample({ app: app.no, ackId: ids.next(), msgId: message.msgId, ...names, ...by }));
      return;
    }
    case 'read':
      await one(readSample({ app: app.no, user, kind, channel, noticeId: ids.next(), ...by }));
      return;
    case 'delete': {
      const noticeId = next.nth === 0 ? null : ids.next();
      await one(
        deleteSample({ app: app.no, user, kind, channel, deleteRoaming: next.flag, noticeId, ...by }),
      );
      return;
    }
    case 'deleteRoaming': {
      const noticeId = next.nth === 0 ? null : ids.next();
      const where = message === undefined ? ({ kind, channel } as const) : conversationOf(message, user);
      const unwanted = unwantedOf(scene, next);
      await one(deleteRoamingSample({ app: app.no, user, ...where, unwanted, noticeId, ...by }));
      return;
    }
    default:
      return;
  }
}

/** Two messages of any chat, or what was sent until some seconds ago. */
function unwantedOf({ sent, clock }: Scene, { nth, flag }: Step): UnwantedRoaming {
  if (flag) return { by: 'time', sentThrough: clock.now() - 3_000 * nth };
  return { by: 'ids', msgIds: [sent[nth], sent.at(-1)].flatMap((message) => message?.msgId ?? []) };
}

/** The chat of a message as one of its two users calls it. */
function conversationOf(message: Scene['sent'][number], user: UserId) {
  const { chatKind: kind, to } = chatOf(message);
  return { kind, channel: kind === 'chat' && to === user ? message.from : to } as const;
}

function chatOf({ peer }: Scene['sent'][number]) {
  return peer === modelUsers.length
    ? ({ chatKind: 'groupchat', to: modelGroup.id } as const)
    : ({ chatKind: 'chat', to: nameOf(modelUsers, peer) } as const);
}

/** Somebody joins or leaves the group. */
export async function comeOrGo({ ports, app, spans, ...world }: Scene, next: Step): Promise<void> {
  const user = userOf(next);
  const known = spans.get(user) ?? [];
  const last = known.at(-1);
  const isMember = last?.through === null;
  const { headOf } = await referenceOf({ ports, app, ...world }, spans);
  const head = headOf(groupTimeline(modelGroup.id));
  if (next.type === 'join') {
    await ports.chats.addMembers(app.no, modelGroup, [user]);
    if (!isMember) spans.set(user, [...known, { from: head, through: null }]);
  } else {
    await ports.chats.removeMembers(app.no, modelGroup, [user]);
    if (isMember) spans.set(user, [...known.slice(0, -1), { ...last, through: head }]);
  }
}
