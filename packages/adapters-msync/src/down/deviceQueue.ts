import { Unavailable } from '@recalld/domain';
import type { Clock, DeviceQueues, Instant, TimelineCursor, TimelineId } from '@recalld/domain';
import type { FaultLog } from '../faultLog.js';
import type { MsyncLimits } from '../limits.js';
import type { Jid } from '../wire/jid.js';
import { queueJid, timelineOfQueue } from '../wire/queue.js';
import { encodeBatch, encodeEnd } from '../wire/sync.js';
import { encodeNotice, encodeUnreadAnswer } from '../wire/unread.js';
import type { ChatKinds } from './chatKinds.js';
import type { CursorWriter } from './cursorWriter.js';
import { Notices } from './notices.js';
import type { ConnectedDevice, ReadPage } from './pages.js';
import { Rounds } from './rounds.js';
import type { KeyTurns } from './rounds.js';

export interface DeviceQueueDeps {
  readonly queues: Pick<DeviceQueues, 'pending'>;
  readonly readPage: ReadPage;
  readonly cursors: CursorWriter;
  readonly nextKeyTurn: KeyTurns;
  readonly chatKinds: ChatKinds;
  readonly clock: Clock;
  readonly limits: MsyncLimits;
  readonly faults: FaultLog;
  readonly counts: { noticesOut: number; itemsOut: number };
}

/** The socket that a device reads its queues from. */
export interface Outlet {
  send(frame: Uint8Array): void;
  /** Whether it has much unread: it is to be sent nothing more for now. */
  isFull(): boolean;
  isOpen(): boolean;
}

const idle = Promise.resolve();

/**
 * What one connected device gets: a notice when one of its timelines grows, and then, as often as it
 * asks, the next page, until an empty answer ends the round (msync, section 5). Its questions are
 * answered one after the other.
 */
export class DeviceQueue {
  readonly #deps: DeviceQueueDeps;
  readonly #device: ConnectedDevice;
  readonly #outlet: Outlet;
  readonly #rounds: Rounds;
  readonly #notices = new Notices();
  #lane = idle;
  #waiting = 0;
  #pulling: TimelineId | undefined;
  /** Not told of everything: all queues are looked through when the device can be told again. */
  #behindSince: Instant | undefined;

  constructor(deps: DeviceQueueDeps, device: ConnectedDevice, outlet: Outlet) {
    this.#deps = deps;
    this.#device = device;
    this.#outlet = outlet;
    this.#rounds = new Rounds(deps.limits, deps.nextKeyTurn);
  }

  /** A timeline of the device's user may have something new. */
  grown(timeline: TimelineId): void {
    if (this.#outlet.isFull()) this.#behindSince ??= this.#deps.clock.now();
    else if (this.#isUnderWay(timeline)) this.#notices.putOff(timeline);
    else if (!this.#notices.isTold(timeline)) this.#tell(timeline);
  }

  /** Answers a pull; a key confirms what was sent with it. Rejects for broken invariants alone. */
  pull(queue: Jid, key: number | null): Promise<void> {
    return this.#next(() => this.#answerPull(queue, key));
  }

  /** Answers a heartbeat with the queues that have something. Rejects for broken invariants alone. */
  unread(): Promise<void> {
    return this.#next(() => this.#answerUnread());
  }

  /** Sees to what was put off, and to notices that the device has not followed. */
  sweep(now: Instant): void {
    if (this.#waiting > 0 || this.#outlet.isFull()) return;
    if (this.#behindSince !== undefined && now - this.#behindSince >= this.#deps.limits.noticeAgainMs) {
      this.#behindSince = undefined;
      void this.#next(() => this.#catchUp());
    }
    if (this.#notices.size === 0) return;
    for (const timeline of this.#notices.offPut()) {
      if (!this.#isUnderWay(timeline)) this.#tell(timeline);
    }
    this.#tellAgain(now);
  }

  #next(task: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    const done = this.#lane.then(async () => {
      try {
        if (this.#outlet.isOpen()) await task();
      } finally {
        this.#waiting -= 1;
      }
    });
    this.#lane = done.catch(() => undefined);
    return done;
  }

  async #answerPull(asked: Jid, key: number | null): Promise<void> {
    const { app, user } = this.#device.key;
    const { chatKinds, clock, limits, faults } = this.#deps;
    const isRoom = (id: string) => chatKinds.isRoom(app, id);
    let timeline: TimelineId | undefined;
    try {
      timeline = await timelineOfQueue(this.#device.app, asked, user, isRoom);
      if (timeline === undefined) return this.#outlet.send(encodeEnd({ queue: asked, at: clock.now() }));
      const round = this.#rounds.round(timeline);
      if (round !== undefined && round.key === key) this.#confirm(timeline, round.next);
      // The SDKs ask for one queue twice when another one's round ends meanwhile.
      else if (round !== undefined && clock.now() - round.sentAt < limits.roundMs) return;
      await this.#answerFrom(timeline);
    } catch (fault) {
      if (!(fault instanceof Unavailable)) throw fault;
      faults.tell(fault, 'queues of devices cannot be read; they are told again');
      this.#behindSince ??= clock.now();
      this.#outlet.send(encodeEnd({ queue: asked, at: clock.now() }));
    } finally {
      this.#pulling = undefined;
    }
    if (timeline !== undefined && this.#notices.wasPutOff(timeline) && !this.#isUnderWay(timeline)) {
      this.#tell(timeline);
    }
  }

  /** Sends the next page that has something for the device, or the end of the round. */
  async #answerFrom(timeline: TimelineId): Promise<void> {
    const { clock, counts, cursors, readPage } = this.#deps;
    const queue = this.#jidOf(timeline);
    if (this.#outlet.isFull()) return this.#notices.tell(timeline, clock.now());
    this.#pulling = timeline;
    this.#notices.asked(timeline);
    let after = this.#rounds.cursor(timeline) ?? cursors.unwritten(this.#device.key, timeline);
    while (this.#outlet.isOpen()) {
      const page = await readPage(this.#device, timeline, after);
      const at = clock.now();
      if (page.metas.length > 0) {
        const { key } = this.#rounds.open(timeline, page.next, at);
        counts.itemsOut += page.metas.length;
        return this.#outlet.send(encodeBatch({ queue, metas: page.metas, nextKey: key, at }));
      }
      // Nothing in this stretch is for this device: it has come through it all the same.
      if (page.next.position > (after?.position ?? 0)) this.#confirm(timeline, page.next);
      if (!page.more) return this.#outlet.send(encodeEnd({ queue, at }));
      after = page.next;
    }
  }

  async #answerUnread(): Promise<void> {
    const { clock, faults } = this.#deps;
    let queues: readonly { readonly queue: Jid; readonly count: number }[] = [];
    try {
      const pending = await this.#pending();
      queues = pending.map(({ timeline, count }) => ({ queue: this.#jidOf(timeline), count }));
      for (const { timeline } of pending) this.#notices.tell(timeline, clock.now());
    } catch (fault) {
      if (!(fault instanceof Unavailable)) throw fault;
      faults.tell(fault, 'queues of devices cannot be listed; they are told again');
      this.#behindSince ??= clock.now();
    }
    this.#outlet.send(encodeUnreadAnswer({ queues, at: clock.now() }));
  }

  async #catchUp(): Promise<void> {
    try {
      for (const { timeline } of await this.#pending()) this.grown(timeline);
    } catch (fault) {
      this.#deps.faults.tell(fault, 'queues of devices cannot be listed; they are told again');
      this.#behindSince ??= this.#deps.clock.now();
    }
  }

  /** The timelines that have something more than was sent already. */
  async #pending() {
    const { chatKinds, cursors, limits, queues } = this.#deps;
    await cursors.flush();
    const pending = await queues.pending(this.#device.key, limits.queuesListedMax);
    for (const { timeline } of pending) chatKinds.learn(this.#device.key.app, timeline);
    return pending.filter(({ timeline }) => !this.#isUnderWay(timeline));
  }

  #confirm(timeline: TimelineId, through: TimelineCursor): void {
    this.#rounds.confirm(timeline, through);
    this.#deps.cursors.confirm({ ...this.#device.key, timeline, through });
  }

  #tell(timeline: TimelineId): void {
    const { chatKinds, clock, counts } = this.#deps;
    chatKinds.learn(this.#device.key.app, timeline);
    this.#notices.asked(timeline);
    this.#notices.tell(timeline, clock.now());
    counts.noticesOut += 1;
    this.#outlet.send(encodeNotice(this.#jidOf(timeline)));
  }

  /**
   * The SDKs keep a list of notices that they have not followed to the end, also through a broken
   * connection, and follow no other before: an end of the round sets it going again. Not while
   * the device is busy with another queue.
   */
  #tellAgain(now: Instant): void {
    const { noticeAgainMs, noticesAgainMax, roundMs } = this.#deps.limits;
    if (this.#rounds.newestSince(now - roundMs)) return;
    for (const timeline of this.#notices.again(now, noticeAgainMs, noticesAgainMax)) {
      this.#deps.counts.noticesOut += 1;
      this.#outlet.send(encodeEnd({ queue: this.#jidOf(timeline), at: now }));
      this.#outlet.send(encodeNotice(this.#jidOf(timeline)));
    }
  }

  /** Whether the device is getting a timeline, and goes on until there is nothing more. */
  #isUnderWay(timeline: TimelineId): boolean {
    if (this.#pulling === timeline) return true;
    const round = this.#rounds.round(timeline);
    return round !== undefined && this.#deps.clock.now() - round.sentAt < this.#deps.limits.roundMs;
  }

  #jidOf(timeline: TimelineId): Jid {
    return queueJid(this.#device.app, timeline, this.#device.key.user);
  }
}
