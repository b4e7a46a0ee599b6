import type { ClaimedDelivery } from '@recalld/domain';
import { Lane } from './lane.js';

/** Lanes that are remembered; idle ones beyond this are forgotten, and with them how quick they were. */
const lanesMax = 1_000;

/** Deliveries that go back to the queue, and for how long. */
export interface Surplus {
  readonly deliveries: readonly ClaimedDelivery[];
  readonly awayMs: number;
}

/** One lane per rule. Those with deliveries waiting take turns. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** The lanes with something waiting, whose turn it is first. */
  readonly #busy = new Map<string, Lane>();

  get waiting(): boolean {
    return this.#busy.size > 0;
  }

  add(deliveries: readonly ClaimedDelivery[]): void {
    for (const delivery of deliveries) {
      const ruleId = delivery.rule.id;
      const lane = this.#lanes.get(ruleId) ?? new Lane();
      lane.add(delivery);
      this.#lanes.set(ruleId, lane);
      this.#busy.set(ruleId, lane);
    }
    this.#forgetIdle();
  }

  /** Starts up to `max` deliveries; a lane that started some has its next turn after the others. */
  start(max: number, now: number): readonly ClaimedDelivery[] {
    const all: ClaimedDelivery[] = [];
    for (const [ruleId, lane] of [...this.#busy]) {
      const started = lane.start(max - all.length, now);
      all.push(...started);
      if (started.length === 0) continue;
      this.#busy.delete(ruleId);
      if (lane.waiting > 0) this.#busy.set(ruleId, lane);
    }
    return all;
  }

  end({ id, rule }: ClaimedDelivery, now: number, answered: boolean): void {
    this.#lanes.get(rule.id)?.end(id, now, answered);
  }

  takeSurplus(now: number): readonly Surplus[] {
    return [...this.#busy.values()]
      .map((lane) => ({ deliveries: lane.takeSurplus(now), awayMs: lane.awayMs(now) }))
      .filter(({ deliveries }) => deliveries.length > 0);
  }

  takeWaiting(picks: (delivery: ClaimedDelivery) => boolean): readonly ClaimedDelivery[] {
    const taken = [...this.#busy.values()].flatMap((lane) => lane.takeWaiting(picks));
    for (const [ruleId, lane] of [...this.#busy]) if (lane.waiting === 0) this.#busy.delete(ruleId);
    return taken;
  }

  #forgetIdle(): void {
    if (this.#lanes.size <= lanesMax) return;
    for (const [ruleId, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(ruleId);
  }
}
