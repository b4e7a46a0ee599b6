import { randomInt } from 'node:crypto';
import { assert } from '@recalld/domain';
import type { Instant, TimelineCursor, TimelineId } from '@recalld/domain';

/** A page that a device was sent and has not confirmed yet. */
export interface Round {
  /** Where the device has come when it confirms. */
  readonly next: TimelineCursor;
  /** What it confirms with. */
  readonly key: number;
  readonly sentAt: Instant;
}

const keysPerPosition = 1024;

/** Which of the keys of a position is next. */
export type KeyTurns = () => number;

/** For all sessions of a process; another process begins elsewhere. */
export function createKeyTurns(): KeyTurns {
  let turn = randomInt(keysPerPosition);
  return () => (turn = (turn + 1) % keysPerPosition);
}

/**
 * The pulls of one session that wait for the device's next word, and the cursors that they came to.
 *
 * Keys grow with positions, and no two in a row are the same: the SDKs take an answer with the last
 * queue and key that they saw for one that they have confirmed already, also when that word was lost
 * with its connection.
 */
export class Rounds {
  readonly #roundsMax: number;
  readonly #cursorsMax: number;
  readonly #rounds = new Map<TimelineId, Round>();
  readonly #cursors = new Map<TimelineId, TimelineCursor>();
  readonly #nextTurn: KeyTurns;

  constructor(
    limits: { readonly roundsMax: number; readonly cursorsRememberedMax: number },
    nextTurn: KeyTurns,
  ) {
    this.#roundsMax = limits.roundsMax;
    this.#cursorsMax = limits.cursorsRememberedMax;
    this.#nextTurn = nextTurn;
  }

  /** Whether one was opened after an instant. */
  newestSince(instant: Instant): boolean {
    return [...this.#rounds.values()].some(({ sentAt }) => sentAt > instant);
  }

  /** Those that were opened up to an instant. */
  openedUntil(instant: Instant): readonly TimelineId[] {
    return [...this.#rounds].flatMap(([timeline, { sentAt }]) => (sentAt <= instant ? timeline : []));
  }

  round(timeline: TimelineId): Round | undefined {
    return this.#rounds.get(timeline);
  }

  /** How far the device has come, as long as that is remembered. */
  cursor(timeline: TimelineId): TimelineCursor | undefined {
    return this.#cursors.get(timeline);
  }

  /** Answers the key of the page, and the timeline whose round had to go for it. */
  open(
    timeline: TimelineId,
    next: TimelineCursor,
    now: Instant,
  ): { readonly key: number; readonly dropped: TimelineId | undefined } {
    const key = this.#keyOf(next);
    return { key, dropped: setBounded(this.#rounds, timeline, { next, key, sentAt: now }, this.#roundsMax) };
  }

  /** There is nothing more for the device: it has nothing to confirm. */
  end(timeline: TimelineId): void {
    this.#rounds.delete(timeline);
  }

  /** Everything up to a cursor has arrived. */
  confirm(timeline: TimelineId, through: TimelineCursor): void {
    this.#rounds.delete(timeline);
    setBounded(this.#cursors, timeline, through, this.#cursorsMax);
  }

  /** Of the keys of a position the one whose turn it is; kept in the range of exact numbers. */
  #keyOf({ position }: TimelineCursor): number {
    const key = position * keysPerPosition + this.#nextTurn();
    assert(Number.isSafeInteger(key), `a timeline has fewer items than keys: ${position}`);
    return key;
  }
}

/** Puts the newest last, and lets the oldest go for it; answers which. */
function setBounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): K | undefined {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.size > max ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
  return oldest;
}
