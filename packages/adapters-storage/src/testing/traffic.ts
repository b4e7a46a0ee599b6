import type { AppNo, CommandLoop, MsgId, SendMessage, StoragePorts } from '@recalld/domain';
import {
  ackSample,
  appSample,
  createSequentialIds,
  deleteRoamingSample,
  deleteSample,
  readSample,
  recallSample,
  sampleInstant,
  sendSample,
} from '@recalld/domain/testing';
import type { Storage } from '../storage.js';
import { loopOn } from './commands.js';

const users = ['u1', 'u2', 'u3', 'u4'];

/** Sends, recalls, acknowledgements, readings, deletions and expiries of a few users who all talk to each other, the same each time. */
export interface Traffic {
  readonly app: AppNo;
  /** Messages whose recall was acknowledged. */
  readonly recalled: ReadonlySet<MsgId>;
  /** Sends one message that nobody recalls. */
  send(change: Partial<SendMessage>): Promise<void>;
  /** Does so many commands on both nodes, several at once. */
  go(commands: number): Promise<void>;
  /** What each user can pull from each other one's chat. */
  readable(): Promise<ReadonlySet<MsgId>>;
  /** Lists and histories of everybody. */
  everything(): Promise<unknown>;
}

export async function startTraffic(nodes: readonly Storage[]): Promise<Traffic> {
  const [first] = nodes;
  const app = await first?.apps.create(appSample());
  if (first === undefined || typeof app !== 'object') throw new Error('the storage is empty');
  const random = seeded(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const ids = createSequentialIds();
  const loops = nodes.map((node) => loopOn(node.commands));
  const sent: { readonly msgId: MsgId; readonly from: string; readonly to: string }[] = [];
  const recalled = new Set<MsgId>();
  let now = sampleInstant;

  async function one(loop: CommandLoop): Promise<void> {
    now += 10;
    const common = { app: (app as { no: AppNo }).no, now };
    const dice = random();
    if (dice < 0.45 || sent.length === 0) {
      const message = { msgId: ids.next(), from: pick(users), to: pick(users) };
      const expiresAt = random() < 0.2 ? now + 5 : null;
      await loop.submit([sendSample({ ...common, ...message, expiresAt })]);
      sent.push(message);
    } else if (dice < 0.7) {
      const { msgId, from, to } = pick(sent);
      const recall = recallSample({ ...common, msgId, by: from, to, recallId: ids.next() });
      const [outcome] = await loop.submit([recall]);
      if (outcome?.ok === true) recalled.add(msgId);
    } else if (dice < 0.78) {
      await loop.submit([{ type: 'ExpireMessage', ...common, msgId: pick(sent).msgId }]);
    } else if (dice < 0.84) {
      const { msgId, from, to } = pick(sent);
      await loop.submit([ackSample({ ...common, ackId: ids.next(), msgId, by: to, to: from })]);
    } else if (dice < 0.9) {
      const reading = { user: pick(users), channel: pick(users), noticeId: ids.next() };
      await loop.submit([readSample({ ...common, ...reading })]);
    } else if (dice < 0.95) {
      const { msgId, from, to } = pick(sent);
      const [user, channel] = random() < 0.5 ? [from, to] : [to, from];
      const unwanted =
        random() < 0.7
          ? ({ by: 'ids', msgIds: [msgId, pick(sent).msgId] } as const)
          : ({ by: 'time', sentThrough: now - 500 } as const);
      await loop.submit([deleteRoamingSample({ ...common, user, channel, unwanted, noticeId: ids.next() })]);
    } else {
      const deletion = { user: pick(users), channel: pick(users), deleteRoaming: random() < 0.5 };
      const noticeId = random() < 0.5 ? ids.next() : null;
      await loop.submit([deleteSample({ ...common, ...deletion, noticeId })]);
    }
  }

  const histories = (timelines: StoragePorts['timelines']) =>
    Promise.all(
      users.flatMap((user) =>
        users.map(async (peer) => {
          const timeline = `pair/${[user, peer].sort().join('/')}`;
          const query = { app: app.no, user, timeline, order: 'oldestFirst', limit: 1000, now } as const;
          return (await timelines.roaming(query)).entities;
        }),
      ),
    );

  return {
    app: app.no,
    recalled,
    async send(change) {
      await loops[0]?.submit([sendSample({ app: app.no, msgId: ids.next(), now, ...change })]);
    },
    async go(commands) {
      const atOnce = 8;
      for (let done = 0; done < commands; done += atOnce) {
        await Promise.all(
          Array.from({ length: atOnce }, (_, n) => one(loops[n % loops.length] as CommandLoop)),
        );
      }
    },
    readable: async () => new Set((await histories(first.timelines)).flat().map(({ itemId }) => itemId)),
    everything: async () => ({
      histories: await histories(first.timelines),
      lists: await Promise.all(
        users.map((user) => first.timelines.conversations({ app: app.no, user, limit: 100, now })),
      ),
    }),
  };
}

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
