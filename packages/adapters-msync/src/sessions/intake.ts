import type { Clock } from '@recalld/domain';
import type { MsyncLimits } from '../limits.js';
import { TokenBucket } from '../rates.js';

export interface IntakeDeps {
  readonly clock: Clock;
  readonly limits: MsyncLimits;
}

/** What frames are handed to. */
export interface Taker {
  /** Resolves when the frame is answered. Must not throw or reject. */
  handle(frame: Uint8Array): Promise<void> | undefined;
  /** Whether nothing is to be taken for now. */
  isHeld(): boolean;
  pause(): void;
  resume(): void;
}

/**
 * Hands on what a socket sends, in order, as fast as its session may be served: so many frames a
 * second, so many in hand. Meanwhile the socket waits, and its sender with it.
 */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #taker: Taker;
  /** Came in before the socket could be paused. */
  #waiting: Uint8Array[] = [];
  #inHand = 0;
  readonly #allowed: TokenBucket;
  #isPaused = false;
  #isClosed = false;

  constructor(deps: IntakeDeps, taker: Taker) {
    this.#deps = deps;
    this.#taker = taker;
    const { framesAtOnceMax: atOnce, framesPerSecond: perSecond } = deps.limits;
    this.#allowed = new TokenBucket({ atOnce, perSecond }, deps.clock.now());
  }

  /** Frames that are being answered. */
  get inHand(): number {
    return this.#inHand;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Takes one frame; answers whether the socket sends more than may wait. */
  take(frame: Uint8Array): boolean {
    if (this.#isClosed) return true;
    this.#waiting.push(frame);
    this.goOn();
    return this.#waiting.length <= this.#deps.limits.framesWaitingMax;
  }

  /** Looks again at what waits. */
  goOn(): void {
    let taken = 0;
    for (const frame of this.#waiting) {
      if (!this.#mayTake(frame)) break;
      taken += 1;
      this.#hand(frame);
    }
    if (taken > 0) this.#waiting = this.#waiting.slice(taken);
    this.#pauseOrResume();
  }

  /** Takes nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
  }

  #mayTake({ length }: Uint8Array): boolean {
    const { frameBytesMax, framesInHandMax } = this.#deps.limits;
    if (this.#isClosed || this.#inHand >= framesInHandMax || this.#taker.isHeld()) return false;
    // One that is only read to be refused counts for as many as its bytes would have been.
    return this.#allowed.take(this.#deps.clock.now(), Math.max(1, Math.ceil(length / frameBytesMax)));
  }

  #hand(frame: Uint8Array): void {
    const answered = this.#taker.handle(frame);
    if (answered === undefined) return;
    this.#inHand += 1;
    void answered.then(() => {
      this.#inHand -= 1;
      this.goOn();
    });
  }

  #pauseOrResume(): void {
    const waits = this.#waiting.length > 0 || this.#inHand >= this.#deps.limits.framesInHandMax;
    if (waits === this.#isPaused || this.#isClosed) return;
    this.#isPaused = waits;
    if (waits) this.#taker.pause();
    else this.#taker.resume();
  }
}
