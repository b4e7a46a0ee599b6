import type { ClaimedDelivery } from '@recalld/domain';
import { Lane } from './lane.js';
import type { Pace } from './lane.js';

/** Lanes that are remembered; idle ones beyond this are forgotten, and with them how quick they were. */
const lanesMax = 1_000;

type PerPace = Readonly<Record<Pace, number>>;

/**
 * The part of the worker that receivers of one pace have to themselves, however many there are of
 * another. What is under way when a receiver turns slow counts as the slow ones' from then on, so
 * that there is always room for trials soon.
 */
const shares: PerPace = { quick: 1 / 2, trial: 1 / 4, slow: 1 / 4 };

export interface LanesBounds {
  /** Requests under way at a time. */
  readonly underwayMax: number;
  /** Deliveries in the worker's hands: waiting, under way, or not settled yet. */
  readonly heldMax: number;
}

/** How many more deliveries of a rule there is room for. */
export interface RuleRoom {
  readonly ruleId: string;
  readonly max: number;
}

/** One lane per rule. Those of the same pace share evenly and take turns. */
export class Lanes {
  readonly #underwayMax: PerPace;
  readonly #heldMax: PerPace;
  /** By rule, whose turn it is first. */
  readonly #lanes = new Map<string, Lane>();
  /** The lane of each delivery in the worker's hands. */
  readonly #held = new Map<string, Lane>();

  constructor({ underwayMax, heldMax }: LanesBounds) {
    // Only quick receivers have deliveries waiting, the others no more than may be under way.
    this.#underwayMax = ofEachPace((pace) => shares[pace] * underwayMax);
    this.#heldMax = ofEachPace(
      (pace) => shares[pace] * (pace === 'quick' ? heldMax : Math.min(heldMax, underwayMax)),
    );
  }

  /** Whether something waits for its receiver. */
  get waiting(): boolean {
    return [...this.#lanes.values()].some((lane) => lane.waiting > 0);
  }

  /** The ids of the deliveries in the worker's hands. */
  get held(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** How many more deliveries of each of these rules there is room for; those without are left out. */
  room(ruleIds: ReadonlySet<string>, now: number): readonly RuleRoom[] {
    for (const ruleId of ruleIds) if (!this.#lanes.has(ruleId)) this.#lanes.set(ruleId, new Lane());
    const wanting = [...this.#lanes]
      .filter(([ruleId]) => ruleIds.has(ruleId))
      .map(([ruleId, lane]) => ({ ruleId, lane, pace: lane.pace(now), room: lane.room(now) }))
      .filter(({ room }) => room > 0);
    const free = this.#free(this.#heldMax, now, (lane) => lane.held);
    const fair = ofEachPace((of) => {
      const sharers = wanting.filter(({ pace }) => pace === of).length;
      return Math.max(1, Math.floor(free[of] / Math.max(1, sharers)));
    });
    const rooms: RuleRoom[] = [];
    for (const { ruleId, lane, pace, room } of wanting) {
      const max = Math.min(room, fair[pace], free[pace]);
      if (max < 1) continue;
      rooms.push({ ruleId, max });
      free[pace] -= max;
      this.#toTheBack(ruleId, lane);
    }
    return rooms;
  }

  /** Takes in what was claimed. A lease that ran out may be taken anew by its own worker: not twice. */
  add(deliveries: readonly ClaimedDelivery[]): void {
    for (const delivery of deliveries) {
      if (this.#held.has(delivery.id)) continue;
      const lane = this.#lanes.get(delivery.rule.id) ?? new Lane();
      lane.add(delivery);
      this.#lanes.set(delivery.rule.id, lane);
      this.#held.set(delivery.id, lane);
    }
    this.#forgetIdle();
  }

  /** Starts what may be under way now; a lane that started something has its next turn after the others. */
  start(now: number): readonly ClaimedDelivery[] {
    const busy = [...this.#lanes].filter(([, lane]) => lane.waiting > 0);
    if (busy.length === 0) return [];
    const free = this.#free(this.#underwayMax, now, (lane) => lane.underway);
    return busy.flatMap(([ruleId, lane]) => {
      const pace = lane.pace(now);
      const started = lane.start(Math.floor(free[pace]), now);
      free[pace] -= started.length;
      if (started.length > 0) this.#toTheBack(ruleId, lane);
      return started;
    });
  }

  /** A request is over. */
  end({ id }: ClaimedDelivery, now: number, accepted: boolean): void {
    this.#held.get(id)?.end(id, now, accepted);
  }

  /** A delivery's receiver asked to be left alone for so long. */
  rest({ id }: ClaimedDelivery, now: number, ms: number): void {
    this.#held.get(id)?.rest(now, ms);
  }

  /** How long a rule's receiver is left alone from now on, ms. */
  restMs(ruleId: string, now: number): number {
    return this.#lanes.get(ruleId)?.restMs(now) ?? 0;
  }

  /** Deliveries are out of the worker's hands. */
  letGo(ids: readonly string[]): void {
    for (const id of ids) {
      this.#held.get(id)?.letGo();
      this.#held.delete(id);
    }
  }

  /** Takes out the waiting deliveries that the predicate picks; they are in hand until let go. */
  takeWaiting(picks: (delivery: ClaimedDelivery) => boolean): readonly ClaimedDelivery[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.takeWaiting(picks));
  }

  /** Takes out what waits for receivers that rest or are no longer quick; it is in hand until let go. */
  takeSurplus(now: number): readonly ClaimedDelivery[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.takeSurplus(now));
  }

  /** What lanes of each pace may still have. Negative after a quick one turned slow. */
  #free(max: PerPace, now: number, uses: (lane: Lane) => number): Record<Pace, number> {
    const free = { ...max };
    for (const lane of this.#lanes.values()) {
      if (lane.held > 0) free[lane.pace(now)] -= uses(lane);
    }
    return free;
  }

  #toTheBack(ruleId: string, lane: Lane): void {
    this.#lanes.delete(ruleId);
    this.#lanes.set(ruleId, lane);
  }

  #forgetIdle(): void {
    for (const [ruleId, lane] of this.#lanes) {
      if (this.#lanes.size <= lanesMax) return;
      if (lane.held === 0) this.#lanes.delete(ruleId);
    }
  }
}

function ofEachPace(value: (pace: Pace) => number): PerPace {
  return { quick: value('quick'), trial: value('trial'), slow: value('slow') };
}
