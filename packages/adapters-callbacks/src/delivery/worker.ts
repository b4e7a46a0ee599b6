import { randomUUID } from 'node:crypto';
import { assert, limits, settle } from '@recalld/domain';
import type { ClaimedDelivery, DeliveryQueue, SettledDelivery, Signals } from '@recalld/domain';
import { makeAttempt } from './attempt.js';
import type { AttemptDeps, AttemptResult } from './attempt.js';
import { createBell } from './bell.js';
import { Lanes } from './lanes.js';
import { Outcomes } from './outcomes.js';
import { backoffMs, pause, within } from './pause.js';
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

export interface DeliveryWorkerBounds {
  /** Requests under way at a time, over all rules. */
  readonly underwayMax: number;
  /** Deliveries in the worker's hands: waiting, under way, or not settled yet. */
  readonly heldMax: number;
  readonly leaseMs: number;
  /** The longest sleep between two looks into the queue. */
  readonly sweepMs: number;
  /** How long work is gathered, so that claims and outcomes share transactions. */
  readonly gatherMs: number;
}

const defaultBounds: DeliveryWorkerBounds = {
  underwayMax: 512,
  heldMax: 2_048,
  leaseMs: limits.deliveryLeaseMs,
  sweepMs: limits.sweepIntervalMs,
  gatherMs: 10,
};

/** The shortest sleep when nothing more is due. */
const sleepMsMin = 50;
/** How soon to look again at receivers that deliveries wait for. */
const lanesLookMs = 250;
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
  readonly #held = new Set<string>();
  readonly #lanes = new Lanes();
  readonly #underway = new Set<Promise<void>>();
  readonly #outcomes: Outcomes;
  readonly #bell = createBell();
  readonly #stopping = new AbortController();
  /** The queue may have more than there was room for. */
  #hungry = false;
  #ended: Promise<void> | undefined;

  constructor(deps: DeliveryWorkerDeps) {
    this.#deps = deps;
    this.#bounds = { ...defaultBounds, ...deps.bounds };
    this.#owner = deps.owner ?? randomUUID();
    const { queue, log } = deps;
    const onWritten = (settled: readonly SettledDelivery[]) => this.#letGo(settled);
    this.#outcomes = new Outcomes({ queue, log, gatherMs: this.#bounds.gatherMs, onWritten });
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
    this.#giveBack(
      this.#lanes.takeWaiting(() => true),
      0,
    );
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
        const sleepMs = await this.#takeDue();
        failures = 0;
        await pause(this.#bounds.gatherMs, this.#stopping.signal);
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

  /** Claims what there is room for and starts what may be started; answers how long to sleep then. */
  async #takeDue(): Promise<number> {
    const { queue, clock } = this.#deps;
    const { heldMax, leaseMs, sweepMs } = this.#bounds;
    this.#giveBackSurplus();
    const room = heldMax - this.#held.size;
    this.#hungry = room < heldMax / 4;
    if (this.#hungry) return lanesLookMs;
    const claimed = await queue.claim({ max: room, owner: this.#owner, now: clock.now(), leaseMs });
    // A lease that ran out under a delivery still in hand may have been taken anew by this very worker.
    const taken = claimed.filter(({ id }) => !this.#held.has(id));
    for (const { id } of taken) this.#held.add(id);
    this.#lanes.add(taken);
    this.#startMore();
    if (claimed.length === room) return 0;
    const nextDueAt = await queue.nextDueAt();
    const sleepMs = Math.min(sweepMs, (nextDueAt ?? Infinity) - clock.now());
    return Math.max(sleepMsMin, this.#lanes.waiting ? Math.min(sleepMs, lanesLookMs) : sleepMs);
  }

  #startMore(): void {
    if (this.#stopping.signal.aborted) return;
    const room = this.#bounds.underwayMax - this.#underway.size;
    for (const delivery of this.#lanes.start(room, performance.now())) {
      const sending = this.#send(delivery).finally(() => {
        this.#underway.delete(sending);
        this.#startMore();
      });
      this.#underway.add(sending);
    }
  }

  async #send(delivery: ClaimedDelivery): Promise<void> {
    const result = await makeAttempt(this.#deps, delivery);
    const answered = typeof result.attempt?.status === 'number';
    this.#lanes.end(delivery, performance.now(), answered);
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

  #giveBackSurplus(): void {
    for (const { deliveries, awayMs } of this.#lanes.takeSurplus(performance.now())) {
      this.#giveBack(deliveries, Math.round(awayMs * (0.8 + 0.4 * this.#deps.random())));
    }
  }

  /** Back to the queue untried, due after a while. */
  #giveBack(deliveries: readonly ClaimedDelivery[], awayMs: number): void {
    const now = this.#deps.clock.now() + awayMs;
    this.#outcomes.add(
      deliveries.map(({ id, state }) => ({
        id,
        owner: this.#owner,
        state: settle(state, { kind: 'cut' }, now, 0),
      })),
    );
  }

  /** Outcomes are on disk: there is room for more, and what waits again may be due before the next look. */
  #letGo(settled: readonly SettledDelivery[]): void {
    for (const { id } of settled) this.#held.delete(id);
    if (this.#hungry || settled.some(({ state }) => state.status === 'waiting')) this.#bell.ring();
  }

  async #extendLeases(): Promise<void> {
    const { queue, clock, log } = this.#deps;
    const ids = [...this.#held];
    if (ids.length === 0) return;
    try {
      const leaseUntil = clock.now() + this.#bounds.leaseMs;
      const kept = new Set(await queue.extend(ids, this.#owner, leaseUntil));
      const asked = new Set(ids);
      const lost = this.#lanes.takeWaiting(({ id }) => asked.has(id) && !kept.has(id));
      for (const { id } of lost) this.#held.delete(id);
    } catch (err) {
      log.error({ err }, 'leases of deliveries could not be extended');
    }
  }
}

function reason(attempt: AttemptResult['attempt']) {
  return { status: attempt?.status ?? null, error: attempt?.error ?? null };
}
