import { setTimeout as delay } from 'node:timers/promises';
import type { Api, Answer } from './api.js';
import type { Receiver } from './receiver.js';
import type { TestNode } from './nodes.js';

/** What traffic was told, and so what must hold. */
export interface Books {
  /** Messages that were acknowledged. */
  readonly sent: Set<string>;
  /** Recalls that were acknowledged. */
  readonly recalled: Set<string>;
  /** Messages whose recall was not answered, or with 503: it may have been done. */
  readonly unsure: Set<string>;
  /** Messages whose recall was acknowledged more than once. */
  readonly twice: string[];
  /** Answers that nobody should get: neither 200, 503 nor the vendor's refusal of a second recall. */
  readonly wrong: string[];
  /** How many calls were answered with 503, and were not answered. */
  readonly counts: { away: number; cutOff: number };
}

export interface Traffic {
  readonly books: Books;
  /** Resolves when every call has ended. */
  stop(): Promise<Books>;
}

const pauseMs = 100;
/** After an answer that says to try again later. */
const awayMs = 100;

/** Whoever asks gets one of them. */
export function anyOf<T>(some: readonly T[]): T {
  const one = some[Math.floor(Math.random() * some.length)];
  if (one === undefined) throw new Error('there is none');
  return one;
}

/**
 * Senders that send at one node and recall at another, some at two at once, for as long as they are let.
 * `up` names the nodes that are asked; one that goes away in between cuts off what it was asked.
 */
export function startTraffic(up: () => readonly TestNode[], senders = 6): Traffic {
  const books: Books = {
    sent: new Set(),
    recalled: new Set(),
    unsure: new Set(),
    twice: [],
    wrong: [],
    counts: { away: 0, cutOff: 0 },
  };
  let ended = false;

  /** The answer, when there is one that says something. */
  async function ask(call: (api: Api) => Promise<Answer>): Promise<Answer | undefined> {
    const nodes = up();
    if (nodes.length === 0) return undefined;
    try {
      const answer = await call(anyOf(nodes).api);
      if (answer.status !== 503) return answer;
      books.counts.away += 1;
      if (answer.body['error'] !== 'service_unavailable') books.wrong.push(answer.text);
    } catch {
      books.counts.cutOff += 1;
    }
    await delay(awayMs);
    return undefined;
  }

  async function one(sender: string): Promise<void> {
    const sent = await ask((api) => api.app('POST', '/messages/users', messageOf(sender)));
    if (sent === undefined) return;
    const msgId = idOf(sent);
    if (msgId === undefined) return void books.wrong.push(sent.text);
    books.sent.add(msgId);
    const at = anyOf([0, 1, 1, 2]);
    const answers = await Promise.all(
      Array.from({ length: at }, () => ask((api) => api.recall(msgId, peer))),
    );
    for (const answer of answers) note(msgId, answer);
  }

  function note(msgId: string, answer: Answer | undefined): void {
    if (answer === undefined) books.unsure.add(msgId);
    else if (answer.status === 200 && books.recalled.has(msgId)) books.twice.push(msgId);
    else if (answer.status === 200) books.recalled.add(msgId);
    else if (answer.body['error_description'] !== 'not_found msg') books.wrong.push(answer.text);
  }

  const running = Promise.all(
    Array.from({ length: senders }, async (_, index) => {
      while (!ended) {
        await one(`sender-${index}`);
        await delay(pauseMs);
      }
    }),
  );
  return {
    books,
    async stop() {
      ended = true;
      await running;
      return books;
    },
  };
}

const peer = 'peer';

function messageOf(from: string): object {
  return { from, to: [peer], type: 'txt', body: { msg: 'soon gone' } };
}

function idOf({ body }: Answer): string | undefined {
  return (body['data'] as Record<string, string> | undefined)?.[peer];
}

/** What the log has of messages where it is not what was acknowledged; empty when nothing was lost. */
export async function missingFromLog(api: Api, books: Books): Promise<readonly string[]> {
  const wrong: string[] = [];
  const left = books.sent.values();
  const look = async () => {
    // Each takes the next one.
    for (const msgId of left) {
      const types = await eventTypes(api, msgId);
      const kept = types === 'MessageSent';
      const recalled = types === 'MessageSent MessageRecalled';
      const holds = books.recalled.has(msgId) ? recalled : kept || (recalled && books.unsure.has(msgId));
      if (!holds) wrong.push(`${msgId}: ${types}`);
    }
  };
  await Promise.all(Array.from({ length: readersMax }, look));
  return wrong;
}

const readersMax = 8;

/** The types of a message's events, in the order of the log. */
export async function eventTypes(api: Api, msgId: string): Promise<string> {
  const trail = await api.admin('GET', `/messages/${msgId}/events`);
  const entities = (trail.body['entities'] ?? []) as readonly { readonly type: string }[];
  return entities.map(({ type }) => type).join(' ');
}

/** Of each recalled message, the ids of the callbacks of an easemob rule. */
export function calledBack({ received }: Receiver): Map<unknown, Set<unknown>> {
  const ids = new Map<unknown, Set<unknown>>();
  for (const { body } of received) {
    ids.set(body['recall_id'], (ids.get(body['recall_id']) ?? new Set()).add(body['callId']));
  }
  return ids;
}

/** Waits until there was a callback of each of them; answers those that had another id than before. */
export async function untilCalledBack(
  receiver: Receiver,
  msgIds: Iterable<string>,
  deadlineMs: number,
): Promise<readonly unknown[]> {
  const owed = [...msgIds];
  await receiver.until(() => {
    const told = new Set(receiver.received.map(({ body }) => body['recall_id']));
    return owed.every((msgId) => told.has(msgId));
  }, deadlineMs);
  return [...calledBack(receiver)].filter(([, ids]) => ids.size > 1).map(([msgId]) => msgId);
}
