import { setTimeout as pause } from 'node:timers/promises';
import type { SdkObject } from './bundle.js';
import type { ChatType, SdkClient, SdkError, Sent } from './client.js';

/** Where people talk: a user's name, or a group's id. */
export interface Chat {
  readonly id: string;
  readonly chatType: ChatType;
}

/** A message that the server has acknowledged. */
export interface Acknowledged {
  readonly msgId: string;
  /** The device that said it; undefined: the app's backend did. */
  readonly by: Talker | undefined;
  /** The user in whose name it was said. */
  readonly from: string;
  readonly chat: Chat;
  isRecalled: boolean;
}

export interface TalkerOptions {
  /** Between two messages, ms at most. */
  readonly gapMs: number;
  /** Of so many messages one is taken back. */
  readonly oneRecalledOf: number;
}

/** Whatever the SDK makes of a broken connection is tried again; an answer never takes longer than this, ms. */
const answerMs = 8_000;
const againMs = 100;
/** What the SDKs reject with when a connection is not there, closed, broke, or did not answer. */
const brokenTypes: readonly number[] = [16, 39, 510, 512];
/** 503 has several meanings, which its message tells apart. */
const isUnavailable = ({ type, message }: SdkError) => type === 503 && message === 'service unavailable';
const isRecalledBefore = ({ type, message }: SdkError) => type === 503 && message === 'not_found msg';

/** One device whose app says numbered things, takes some of them back, and never gives up. */
export class Talker {
  readonly client: SdkClient;
  readonly name: string;
  /** Messages that the app was shown, in order. */
  readonly shown: SdkObject[] = [];
  /** The recalls that it was told of, in order. */
  readonly recalls: SdkObject[] = [];
  /** How often something had to be asked again. */
  again = 0;

  constructor(client: SdkClient, name: string) {
    this.client = client;
    this.name = name;
  }

  /** Says so many things, one after the other, and tells of each as soon as it is acknowledged. */
  async talk(
    count: number,
    chats: readonly Chat[],
    { gapMs, oneRecalledOf }: TalkerOptions,
    tell: (acknowledged: Acknowledged) => void,
  ): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const chat = chats[n % chats.length];
      if (chat === undefined) throw new Error('nobody to talk to');
      const said: Acknowledged = {
        msgId: await this.#say(chat, `${this.name} ${n}`),
        by: this,
        from: this.client.user,
        chat,
        isRecalled: false,
      };
      tell(said);
      await pause(Math.random() * gapMs);
      if (n % oneRecalledOf === 0) await this.#takeBack(said);
    }
  }

  /** Takes over what the SDK has told since the last time. */
  listen(): void {
    this.shown.push(...this.client.take('onTextMessage'));
    this.recalls.push(...this.client.take('onRecallMessage'));
  }

  async #say({ id, chatType }: Chat, msg: string): Promise<string> {
    // The same message each time: it keeps its local id, by which the server knows it.
    const message = this.client.create({ type: 'txt', to: id, msg, chatType });
    for (;;) {
      const sent = await this.#ask(() => this.client.call('send', message));
      if (sent !== undefined) return sent.serverMsgId;
    }
  }

  async #takeBack(said: Acknowledged): Promise<void> {
    const { msgId, chat } = said;
    const recall = { mid: msgId, to: chat.id, chatType: chat.chatType };
    for (let times = 1; ; times += 1) {
      try {
        if ((await this.#ask(() => this.client.call('recallMessage', recall))) !== undefined) break;
      } catch (fault) {
        // Its answer was lost: each of the SDK's recalls is another one.
        if (times > 1 && isRecalledBefore(fault as SdkError)) break;
        throw fault;
      }
    }
    said.isRecalled = true;
  }

  /** undefined: the connection broke. @throws SdkError, for every other answer */
  async #ask(call: () => Promise<SdkObject>): Promise<Sent | undefined> {
    const answer = call();
    try {
      const late = pause(answerMs, undefined, { ref: false });
      const answered = (await Promise.race([answer, late])) as Sent | undefined;
      if (answered !== undefined) return answered;
      // It may be rejected yet.
      answer.catch(() => undefined);
    } catch (fault) {
      const error = fault as SdkError;
      if (!brokenTypes.includes(error.type) && !isUnavailable(error)) throw fault;
    }
    this.again += 1;
    await pause(againMs);
    return undefined;
  }
}
