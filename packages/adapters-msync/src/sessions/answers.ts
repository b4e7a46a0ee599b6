import type { Clock } from '@recalld/domain';
import type { FaultLog } from '../faultLog.js';
import type { Caller } from '../up/caller.js';
import type { UpAnswer } from '../up/perform.js';
import { malformed, refusals } from '../up/refusals.js';
import type { Uplink } from '../up/uplink.js';
import type { Malformed } from '../wire/decoded.js';
import type { UpMeta } from '../wire/meta.js';
import { encodeSendAck, encodeSendError } from '../wire/sync.js';

export interface AnswersDeps {
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly faults: FaultLog;
}

/**
 * What a device sends goes to the uplink at once, so that a burst shares its commits; the answers go
 * out in the order in which it was sent.
 */
export class Answers {
  readonly #deps: AnswersDeps;
  readonly #send: (frame: Uint8Array) => void;
  #last = Promise.resolve();

  constructor(deps: AnswersDeps, send: (frame: Uint8Array) => void) {
    this.#deps = deps;
    this.#send = send;
  }

  /** Resolves when the answer is sent. Never rejects. */
  take(caller: Caller, meta: UpMeta): Promise<void> {
    return this.#inTurn(meta.id, this.#answerOf(caller, meta));
  }

  /** Answers what could not be read, in its turn. Never rejects. */
  refuse(localId: string, fault: Malformed): Promise<void> {
    const refusal = fault.fault === 'tooLong' ? refusals.tooLarge : malformed(fault);
    return this.#inTurn(localId, refusal);
  }

  #inTurn(localId: string, answer: UpAnswer | null | Promise<UpAnswer | null>): Promise<void> {
    this.#last = this.#last.then(async () => this.#tell(localId, await answer));
    return this.#last;
  }

  async #answerOf(caller: Caller, meta: UpMeta): Promise<UpAnswer | null> {
    try {
      return await this.#deps.uplink.take(caller, meta);
    } catch (fault) {
      this.#deps.faults.tell(fault, 'what a device sent could not be taken');
      return refusals.internalError;
    }
  }

  #tell(localId: string, answer: UpAnswer | null): void {
    if (answer === null) return;
    if (answer.ok) {
      this.#send(encodeSendAck({ localId, serverId: answer.serverId, at: answer.at }));
    } else {
      const { code: status, reason } = answer;
      this.#send(encodeSendError({ localId, status, reason, at: this.#deps.clock.now() }));
    }
  }
}
