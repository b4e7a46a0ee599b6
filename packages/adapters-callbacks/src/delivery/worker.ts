import { randomUUID } from 'node:crypto';
import { assert, limits, settle } from '@recalld/domain';
import type {
  ClaimedDelivery,
  DeliveryQueue,
  DueRule,
  Instant,
  SettledDelivery,
  Settlement,
  Signals,
} from '@recalld/domain';
import { createBell } from '../timing/bell.js';
import { backoffMs, pause, within } from '../timing/pause.js';
import { makeAttempt } from './attempt.js';
import type { AttemptDeps, AttemptResult } from './attempt.js';
import { Lanes } from './lanes.js';
import type { LanesBounds } from './lanes.js';
import { nextLook } from './nextLook.js';
import type { NextLook } from './nextLook.js';
import { Outcomes } from './outcomes.js';
import type { CallbackSender } from './sender.js';
import { Throttle } from './throttle.js';

export interface DeliveryWorkerDeps extends AttemptDeps {
  readonly queue: DeliveryQueue;
  /** The worker closes it when it stops. */
  readonly sender: CallbackSender;
  readonly signals: Signals;
  /** Numbers in [0, 1): jitter. */
  readonly random: () => number;
  /** Names the holder of leases, unique among all processes; left out: a random name. */
  readonly owner?: string;
  readonly bounds?: Partial<DeliveryWorkerBounds>;
}

export interface DeliveryWorkerBounds extends LanesBounds {
  readonly leaseMs: number;
  /** The longest sleep between two looks into the queue. */
  readonly sweepMs: number;
  /** How long outcomes are gathered, and how far apart claims are under load, so that they share transactions. */
  readonly gatherMs: number;
}

const defaultBounds: DeliveryWorkerBounds = {
  underwayMax: 1_024,
  heldMax: 4_096,
  leaseMs: limits.deliveryLeaseMs,
  sweepMs: limits.sweepIntervalMs,
  gatherMs: 10,
};

/** The parts of a stop's time: until requests under way are cut off, and until outcomes are written. */
const graceShare = 0.6;
const windDownShare = 0.9;

/** Takes due deliveries to their receivers, at least once each, whatever single receivers do. */
export interface DeliveryWorker {
  start(): void;
  /**
   * Starts nothing more, lets requests under way end for a while, cuts off the rest and gives
   * everything back. Resolves within `deadlineMs`, whatever receivers and the store do.
   */
  stop(deadlineMs: number): Promise<void>;
}

export function createDeliveryWorker(deps: DeliveryWorkerDeps): DeliveryWorker {
  return new Worker(deps);
}

class Worker implements DeliveryWorker {
  readonly #deps: DeliveryWorkerDeps;
  readonly #bounds: DeliveryWorkerBounds;
  readonly #owner: string;
  readonly #lanes: Lanes;
  readonly #underway = new Set<Promise<void>>();
  readonly #outcomes: Outcomes;
  readonly #bell = createBell();
  readonly #throttle: Throttle;
  readonly #stopping = new AbortController();
  /** Something was due at the last look. */
  #behind = false;
  /** Until when everything in hand is leased for certain, by the clock that nobody sets. */
  #leasedUntil = Infinity;
  #ended: Promise<void> | undefined;

  constructor(deps: DeliveryWorkerDeps) {
    this.#deps = deps;
    this.#bounds = { ...defaultBounds, ...deps.bounds };
    this.#owner = deps.owner ?? randomUUID();
    this.#lanes = new Lanes(this.#bounds);
    this.#throttle = new Throttle(this.#bounds.gatherMs);
    const { queue, clock, log } = deps;
    this.#outcomes = new Outcomes({
      queue,
      clock,
      log,
      gatherMs: this.#bounds.gatherMs,
      onWritten: (settled, settlement) => this.#letGo(settled, settlement),
      onDropped: ({ id }) => this.#lanes.letGo([id]),
    });
  }

  start(): void {
    assert(this.#ended === undefined, 'a delivery worker is started once');
    this.#ended = this.#run();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    this.#bell.ring();
    await within(deadlineMs * windDownShare, this.#windDown(deadlineMs));
    this.#deps.sender.cut();
    this.#outcomes.close();
    await within(deadlineMs * (1 - windDownShare), this.#deps.sender.close());
  }

  async #windDown(deadlineMs: number): Promise<void> {
    await this.#ended;
    this.#giveBack(this.#lanes.takeWaiting(() => true));
    await within(deadlineMs * graceShare, Promise.all(this.#underway));
    this.#deps.sender.cut();
    await Promise.all(this.#underway);
    await this.#outcomes.flush();
  }

  async #run(): Promise<void> {
    const unlisten = this.#deps.signals.listen((topic) => {
      if (topic === 'deliveriesDue') this.#bell.ring();
    });
    const beat = setInterval(() => void this.#extendLeases(), this.#bounds.leaseMs / 3);
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        const { pauseMs, sleepMs } = await this.#takeDue();
        failures = 0;
        await pause(pauseMs, this.#stopping.signal);
        await this.#bell.wait(sleepMs);
      } catch (err) {
        failures += 1;
        this.#deps.log.error({ err, failures }, 'due deliveries could not be claimed');
        await pause(backoffMs(failures), this.#stopping.signal);
      }
    }
    unlisten();
    clearInterval(beat);
  }

  /** Claims what the lanes have room for and starts what may be started; answers when to look again. */
  async #takeDue(): Promise<NextLook> {
    const { queue, clock } = this.#deps;
    const { leaseMs, sweepMs } = this.#bounds;
    const rules = await queue.due();
    const askedAt = performance.now();
    const now = clock.now();
    this.#dropStale(rules);
    const dueInMs = this.#dueInMs(rules, now);
    const due = new Set([...dueInMs].filter(([, ms]) => ms <= 0).map(([ruleId]) => ruleId));
    this.#behind = due.size > 0;
    const room = this.#lanes.room(due, performance.now());
    const claimed =
      room.length > 0 ? await queue.claim({ rules: room, owner: this.#owner, now, leaseMs }) : [];
    this.#lanes.add(claimed);
    if (claimed.length > 0) this.#leasedUntil = Math.min(this.#leasedUntil, askedAt + leaseMs);
    this.#startMore();
    return nextLook({
      claimed: claimed.length > 0,
      throttleMs: claimed.length > 0 ? this.#throttle.spend(performance.now()) : 0,
      dueInMs: dueInMs.values(),
      waiting: this.#lanes.waiting,
      sweepMs,
    });
  }

  /** Until each rule's next delivery may go out: it is due then, and its receiver need not be left alone. */
  #dueInMs(rules: readonly DueRule[], now: Instant): ReadonlyMap<string, number> {
    const at = performance.now();
    return new Map(
      rules.map(({ ruleId, dueAt }) => [ruleId, Math.max(dueAt - now, this.#lanes.restMs(ruleId, at))]),
    );
  }

  /**
   * Gives back what waits for receivers that rest or are no longer quick, and for rules that were
   * disabled or removed: those are not in the list, although this worker holds open deliveries of theirs.
   */
  #dropStale(rules: readonly DueRule[]): void {
    const open = new Set(rules.map(({ ruleId }) => ruleId));
    this.#giveBack(this.#lanes.takeWaiting(({ rule }) => !open.has(rule.id)));
    this.#giveBack(this.#lanes.takeSurplus(performance.now()));
  }

  /**
   * After this process stood still, or while the store does not answer, what it holds may be in another
   * worker's hands: nothing is started until the store has said what is not.
   */
  #mayStart(): boolean {
    return performance.now() < this.#leasedUntil;
  }

  #startMore(): void {
    if (this.#stopping.signal.aborted || !this.#mayStart()) return;
    for (const delivery of this.#lanes.start(performance.now())) {
      const sending = this.#send(delivery).finally(() => {
        this.#underway.delete(sending);
        this.#startMore();
      });
      this.#underway.add(sending);
    }
  }

  async #send(delivery: ClaimedDelivery): Promise<void> {
    const result = await makeAttempt(this.#deps, delivery, () => this.#mayStart());
    const { outcome } = result;
    const now = performance.now();
    this.#lanes.end(delivery, now, outcome.kind === 'accepted');
    if (outcome.kind === 'refused') this.#lanes.rest(delivery, now, outcome.retryAfterMs ?? 0);
    this.#outcomes.add([this.#settled(delivery, result)]);
  }

  #settled(delivery: ClaimedDelivery, { outcome, attempt }: AttemptResult): SettledDelivery {
    const { clock, random, log } = this.#deps;
    const state = settle(delivery.state, outcome, clock.now(), random());
    const fields = { delivery: delivery.id, rule: delivery.rule.id, attempts: state.attempts };
    if (outcome.kind === 'refused') log.debug({ ...fields, ...reason(attempt) }, 'a callback attempt failed');
    if (state.status === 'dead') log.warn({ ...fields, ...reason(attempt) }, 'a callback delivery is dead');
    return { id: delivery.id, owner: this.#owner, state, ...(attempt === undefined ? {} : { attempt }) };
  }

  /** Back to the queue untried. */
  #giveBack(deliveries: readonly ClaimedDelivery[]): void {
    this.#outcomes.add(deliveries.map((delivery) => this.#settled(delivery, { outcome: { kind: 'cut' } })));
  }

  /** Outcomes are on disk: there is room for more, and what waits again may be due before the next look. */
  #letGo(settled: readonly SettledDelivery[], { released, healthChanged }: Settlement): void {
    this.#lanes.letGo(settled.map(({ id }) => id));
    const waits = settled.some(({ state }) => state.status === 'waiting');
    if (this.#behind || released || waits) this.#bell.ring();
    if (healthChanged) this.#deps.signals.announce(['ruleHealthChanged']);
  }

  async #extendLeases(): Promise<void> {
    const { queue, clock, log } = this.#deps;
    const ids = this.#lanes.held;
    const askedAt = performance.now();
    if (ids.length === 0) {
      this.#leasedUntil = Infinity;
      return;
    }
    try {
      const leaseUntil = clock.now() + this.#bounds.leaseMs;
      const lost = new Set(ids);
      for (const id of await queue.extend(ids, this.#owner, leaseUntil)) lost.delete(id);
      this.#lanes.letGo(this.#lanes.takeWaiting(({ id }) => lost.has(id)).map(({ id }) => id));
      this.#leasedUntil = askedAt + this.#bounds.leaseMs;
      this.#startMore();
    } catch (err) {
      log.error({ err }, 'leases of deliveries could not be extended');
    }
  }
}

function reason(attempt: AttemptResult['attempt']) {
  return { status: attempt?.status ?? null, error: attempt?.error ?? null };
}
