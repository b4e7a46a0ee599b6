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
import { Looks } from './looks.js';
import { Notices } from './notices.js';
import type { Unfollowed } from './notices.js';
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
 *
 * After one look at all queues, each that has something which the device has not confirmed is among the
 * notices, or has a round, or is about to be read; or `looks` knows that something was missed. So a
 * heartbeat is answered from memory.
 */
export class DeviceQueue {
  readonly #deps: DeviceQueueDeps;
  readonly #device: ConnectedDevice;
  readonly #outlet: Outlet;
  readonly #rounds: Rounds;
  readonly #notices: Notices;
  readonly #looks: Looks;
  #lane = idle;
  #waiting = 0;
  #pulling: TimelineId | undefined;

  constructor(deps: DeviceQueueDeps, device: ConnectedDevice, outlet: Outlet) {
    this.#deps = deps;
    this.#device = device;
    this.#outlet = outlet;
    this.#rounds = new Rounds(deps.limits, deps.nextKeyTurn);
    this.#notices = new Notices(deps.limits.noticesAgainMax);
    this.#looks = new Looks(deps.limits);
  }

  /** A timeline of the device's user may have something new. */
  grown(timeline: TimelineId): void {
    if (this.#outlet.isFull()) this.#looks.missed(this.#deps.clock.now());
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
    if (this.#looks.isOverdue(now, this.#notices.size)) void this.#next(() => this.#catchUp());
    if (this.#notices.size === 0) return;
    this.#tellOffPut();
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
      this.#looks.missed(clock.now());
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
        const { key, dropped } = this.#rounds.open(timeline, page.next, at);
        // It may be confirmed all the same; otherwise the device is told once more.
        if (dropped !== undefined) this.#notices.tell(dropped, at);
        counts.itemsOut += page.metas.length;
        return this.#outlet.send(encodeBatch({ queue, metas: page.metas, nextKey: key, at }));
      }
      // Nothing in this stretch is for this device: it has come through it all the same.
      if (page.next.position > (after?.position ?? 0)) this.#confirm(timeline, page.next);
      if (!page.more) {
        this.#rounds.end(timeline);
        return this.#outlet.send(encodeEnd({ queue, at }));
      }
      after = page.next;
    }
  }

  async #answerUnread(): Promise<void> {
    const { clock, limits } = this.#deps;
    if (this.#looks.needs(clock.now(), this.#notices.size)) await this.#look();
    const at = clock.now();
    const listed = this.#unconfirmed(at).slice(0, limits.queuesListedMax);
    for (const { timeline } of listed) this.#notices.tell(timeline, at);
    const queues = listed.map(({ timeline, count }) => ({ queue: this.#jidOf(timeline), count }));
    this.#outlet.send(encodeUnreadAnswer({ queues, at }));
  }

  /** What the device has not got as far as it is known, but for what it is getting. */
  #unconfirmed(now: Instant): readonly Unfollowed[] {
    const known = this.#notices.unfollowed().filter(({ timeline }) => !this.#isUnderWay(timeline));
    const names = new Set(known.map(({ timeline }) => timeline));
    const given = this.#rounds.openedUntil(now - this.#deps.limits.roundMs);
    const unnamed = given.filter((timeline) => !names.has(timeline) && !this.#isUnderWay(timeline));
    return [...known, ...unnamed.map((timeline) => ({ timeline, count: 1 }))];
  }

  async #catchUp(): Promise<void> {
    try {
      await this.#look();
      if (!this.#outlet.isFull()) this.#tellOffPut();
    } catch (fault) {
      this.#missed(fault);
    }
  }

  /** Asks the store for all queues that have more than was sent already; they are to be told. */
  async #look(): Promise<void> {
    const { chatKinds, clock, cursors, limits, queues } = this.#deps;
    const { key } = this.#device;
    this.#looks.begin();
    try {
      await cursors.flush();
      const pending = await queues.pending(key, limits.queuesKnownMax);
      for (const { timeline, count } of pending) {
        chatKinds.learn(key.app, timeline);
        if (this.#isUnderWay(timeline) || this.#notices.isTold(timeline)) continue;
        this.#notices.putOff(timeline, count);
      }
      this.#looks.done(clock.now(), pending.length === limits.queuesKnownMax);
    } catch (fault) {
      if (!(fault instanceof Unavailable)) throw fault;
      this.#missed(fault);
    }
  }

  #missed(fault: unknown): void {
    this.#deps.faults.tell(fault, 'queues of devices cannot be listed; they are told again');
    this.#looks.missed(this.#deps.clock.now());
  }

  #confirm(timeline: TimelineId, through: TimelineCursor): void {
    this.#rounds.confirm(timeline, through);
    this.#deps.cursors.confirm({ ...this.#device.key, timeline, through });
  }

  #tell(timeline: TimelineId): void {
    const { chatKinds, clock, counts } = this.#deps;
    chatKinds.learn(this.#device.key.app, timeline);
    this.#notices.tell(timeline, clock.now());
    counts.noticesOut += 1;
    this.#outlet.send(encodeNotice(this.#jidOf(timeline)));
  }

  /** Tells what was put off, as far as the device has not got enough to follow. */
  #tellOffPut(): void {
    const { queuesListedMax } = this.#deps.limits;
    const timelines = this.#notices.offPut().filter((timeline) => !this.#isUnderWay(timeline));
    if (timelines.length === 0) return;
    const room = Math.max(0, queuesListedMax - this.#notices.countTold());
    for (const timeline of timelines.slice(0, room)) this.#tell(timeline);
  }

  /**
   * The SDKs keep a list of notices that they have not followed to the end, also through a broken
   * connection, and follow no other before: an end of the round sets it going again. Not while
   * the device is busy with another queue.
   */
  #tellAgain(now: Instant): void {
    const { noticeAgainMs, roundMs } = this.#deps.limits;
    if (this.#rounds.newestSince(now - roundMs)) return;
    for (const timeline of this.#notices.again(now, noticeAgainMs)) {
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
