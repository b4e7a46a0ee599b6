import { randomUUID } from 'node:crypto';
import { assert, limits, settle } from '@recalld/domain';
import type {
  ClaimedDelivery,
  DeliveryQueue,
  DueRule,
  SettledDelivery,
  Settlement,
  Signals,
} from '@recalld/domain';
import { makeAttempt } from './attempt.js';
import type { AttemptDeps, AttemptResult } from './attempt.js';
import { createBell } from '../timing/bell.js';
import { Lanes } from './lanes.js';
import type { LanesBounds } from './lanes.js';
import { Outcomes } from './outcomes.js';
import type { OutcomesDeps } from './outcomes.js';
import { Pacer } from './pacer.js';
import { backoffMs, pause, within } from '../timing/pause.js';
import type { CallbackSender } from './sender.js';

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

/** The shortest sleep when nothing was claimed. */
const sleepMsMin = 50;
/** Between two looks, whatever rings. */
const lookMs = 1;
/** How soon to look again while there is no room for what is due. */
const fullMs = 250;
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
  readonly #pacer: Pacer;
  readonly #stopping = new AbortController();
  /** Something was due at the last look. */
  #behind = false;
  #pass: NodeJS.Immediate | undefined;
  #ended: Promise<void> | undefined;

  constructor(deps: DeliveryWorkerDeps) {
    this.#deps = deps;
    this.#bounds = { ...defaultBounds, ...deps.bounds };
    this.#owner = deps.owner ?? randomUUID();
    this.#lanes = new Lanes(this.#bounds);
    this.#pacer = new Pacer(this.#bounds.gatherMs);
    const { queue, clock, log } = deps;
    const onWritten: OutcomesDeps['onWritten'] = (...written) => this.#letGo(...written);
    this.#outcomes = new Outcomes({ queue, clock, log, gatherMs: this.#bounds.gatherMs, onWritten });
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
        const { paceMs, sleepMs } = await this.#takeDue();
        failures = 0;
        await pause(paceMs, this.#stopping.signal);
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

  /**
   * Claims what the lanes have room for and starts what may be started; answers how long to pause then
   * in any case, and how long to sleep after that unless something rings.
   */
  async #takeDue(): Promise<{ readonly paceMs: number; readonly sleepMs: number }> {
    const { queue, clock } = this.#deps;
    const rules = await queue.due();
    const now = clock.now();
    this.#dropStale(rules);
    const due = new Set(rules.filter(({ dueAt }) => dueAt <= now).map(({ ruleId }) => ruleId));
    this.#behind = due.size > 0;
    const room = this.#lanes.room(due, performance.now());
    const { leaseMs, sweepMs } = this.#bounds;
    const claimed =
      room.length > 0 ? await queue.claim({ rules: room, owner: this.#owner, now, leaseMs }) : [];
    this.#lanes.add(claimed);
    this.#startMore();
    // There may be more, and what is left of these rules may be due at any time.
    if (claimed.length > 0) {
      return { paceMs: Math.max(lookMs, this.#pacer.spend(performance.now())), sleepMs: 0 };
    }
    const next = rules.reduce((ms, { dueAt }) => Math.min(ms, dueAt <= now ? fullMs : dueAt - now), sweepMs);
    const sleepMs = Math.max(sleepMsMin, this.#lanes.waiting ? Math.min(next, fullMs) : next);
    return { paceMs: lookMs, sleepMs };
  }

  /**
   * Gives back what waits for receivers that are no longer quick, and for rules that were disabled or
   * removed: those are not in the list, although this worker holds open deliveries of theirs.
   */
  #dropStale(rules: readonly DueRule[]): void {
    const open = new Set(rules.map(({ ruleId }) => ruleId));
    this.#giveBack(this.#lanes.takeWaiting(({ rule }) => !open.has(rule.id)));
    this.#giveBack(this.#lanes.takeSurplus(performance.now()));
  }

  #startMore(): void {
    if (this.#stopping.signal.aborted) return;
    for (const delivery of this.#lanes.start(performance.now())) {
      const sending = this.#send(delivery).finally(() => {
        this.#underway.delete(sending);
        // Requests that end in one turn of the event loop make one pass over the lanes.
        this.#pass ??= setImmediate(() => {
          this.#pass = undefined;
          this.#startMore();
        });
      });
      this.#underway.add(sending);
    }
  }

  async #send(delivery: ClaimedDelivery): Promise<void> {
    const result = await makeAttempt(this.#deps, delivery);
    this.#lanes.end(delivery, performance.now(), result.outcome.kind === 'accepted');
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
    if (ids.length === 0) return;
    try {
      const leaseUntil = clock.now() + this.#bounds.leaseMs;
      const lost = new Set(ids);
      for (const id of await queue.extend(ids, this.#owner, leaseUntil)) lost.delete(id);
      this.#lanes.letGo(this.#lanes.takeWaiting(({ id }) => lost.has(id)).map(({ id }) => id));
    } catch (err) {
      log.error({ err }, 'leases of deliveries could not be extended');
    }
  }
}

function reason(attempt: AttemptResult['attempt']) {
  return { status: attempt?.status ?? null, error: attempt?.error ?? null };
}
