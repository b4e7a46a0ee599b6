import { composeId, idEpochMs } from '@recalld/domain';
import type { Clock, ItemId } from '@recalld/domain';

/** Ids of one node number in one second. */
const countersPerSecond = 2 ** 22;

/** A node number, and what is stored of it. */
export interface NodeNumber {
  readonly no: number;
  /** No id of this number has a later second, whoever minted it before. */
  readonly lastSecond: number;
}

/**
 * Mints the ids of one node number: they never go back, whatever the clock says. `reserve` is called
 * before the first id of each second, and throws when none of it may be minted.
 */
export class IdMint {
  readonly #no: number;
  readonly #clock: Clock;
  readonly #reserve: (second: number) => void;
  #second: number;
  #counter = countersPerSecond;

  constructor({ no, lastSecond }: NodeNumber, clock: Clock, reserve: (second: number) => void) {
    this.#no = no;
    this.#second = lastSecond;
    this.#clock = clock;
    this.#reserve = reserve;
  }

  /** The last second that an id has. */
  get second(): number {
    return this.#second;
  }

  next(): ItemId {
    const current = secondOf(this.#clock.now());
    if (current > this.#second) this.#start(current);
    else if (this.#counter >= countersPerSecond) this.#start(this.#second + 1);
    const id = composeId(this.#second, this.#no, this.#counter);
    this.#counter += 1;
    return id;
  }

  #start(second: number): void {
    this.#reserve(second);
    this.#second = second;
    this.#counter = 0;
  }
}

/** The second of an instant, as ids count them. */
export function secondOf(now: number): number {
  return Math.floor((now - idEpochMs) / 1000);
}
