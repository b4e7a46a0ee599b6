import { limits } from '@recalld/domain';
import type { Attempt, CallbackRequest, Clock } from '@recalld/domain';
import type { Dispatcher } from 'undici';
import { AddressRefused, createGuardedLookup, mayBePublic } from './addressGuard.js';
import type { Resolve } from './addressGuard.js';
import { AnswerHead } from './answer.js';
import { failureText } from './failureText.js';
import { createPools } from './pools.js';
import type { Pools } from './pools.js';

export interface CallbackSenderDeps {
  readonly clock: Clock;
  readonly allowPrivate: boolean;
  /** Left out: `limits.callbackTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Left out: the system's resolver. */
  readonly resolve?: Resolve;
  /** Certificates of private authorities, PEM; left out: those that Node trusts. */
  readonly ca?: string;
}

/** Sends callbacks over HTTP. */
export interface CallbackSender {
  /**
   * POSTs a request once, follows no redirect, and answers within its timeout what came of it;
   * `cut` when the signal ended it first. Never rejects.
   */
  send(request: CallbackRequest, signal: AbortSignal): Promise<Attempt | 'cut'>;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** How a request ended, before it is written down. */
type Ending =
  | { readonly kind: 'answered'; readonly status: number; readonly head: string }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'cut' };

export function createCallbackSender(deps: CallbackSenderDeps): CallbackSender {
  const { clock, allowPrivate } = deps;
  const timeoutMs = deps.timeoutMs ?? limits.callbackTimeoutMs;
  const pools = createPools({
    lookup: createGuardedLookup({ allowPrivate }, deps.resolve),
    connectTimeoutMs: timeoutMs,
    ...(deps.ca === undefined ? {} : { ca: deps.ca }),
  });
  return {
    send: async (request, signal) => {
      const requestedAt = clock.now();
      const started = performance.now();
      const ending = await post(pools, request, { allowPrivate, timeoutMs, signal });
      if (ending.kind === 'cut') return 'cut';
      const tookMs = Math.round(performance.now() - started);
      return ending.kind === 'failed'
        ? { requestedAt, tookMs, status: null, error: ending.error, answerHead: null }
        : { requestedAt, tookMs, status: ending.status, error: null, answerHead: ending.head };
    },
    close: () => pools.destroy(),
  };
}

interface PostOptions {
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * One POST under one deadline over connecting, sending and the answer. The status decides: an answer
 * whose rest is too long, too slow or cut off has been given all the same.
 */
function post(pools: Pools, request: CallbackRequest, options: PostOptions): Promise<Ending> {
  const { allowPrivate, timeoutMs, signal } = options;
  if (signal.aborted) return Promise.resolve({ kind: 'cut' });
  return new Promise((resolve) => {
    const url = new URL(request.url);
    if (!allowPrivate && !mayBePublic(url)) {
      // A literal address is never looked up, so the guard of the look-up does not see it.
      resolve({ kind: 'failed', error: failureText(new AddressRefused('the host is not public')) });
      return;
    }
    const { pool, release } = pools.acquire(url.origin);
    const exchange = new Exchange((ending) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
      release();
      resolve(ending);
    });
    const cut = () => exchange.endWithAnswerOr({ kind: 'cut' });
    const late = { kind: 'failed', error: `no answer within ${timeoutMs} ms` } as const;
    const timer = setTimeout(() => exchange.endWithAnswerOr(late), timeoutMs);
    signal.addEventListener('abort', cut);
    const { headers, body } = request;
    const path = `${url.pathname}${url.search}`;
    try {
      pool.dispatch({ method: 'POST', path, headers: { ...headers }, body }, exchange);
    } catch (error) {
      exchange.endWithAnswerOr({ kind: 'failed', error: failureText(error) });
    }
  });
}

const noAnswer: Ending = { kind: 'failed', error: 'the answer has no status' };

/** Listens to one request; ends once, whatever the connection still does afterwards. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #head = new AnswerHead(limits.callbackAnswerBytesMax);
  readonly #settle: (ending: Ending) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status: number | undefined;
  #over = false;

  constructor(settle: (ending: Ending) => void) {
    this.#settle = settle;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // A connection that came too late: nothing is sent on it.
    if (this.#over) controller.abort(new Error('the request is over'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    if (status >= 200) this.#status = status;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#head.add(chunk)) this.endWithAnswerOr(noAnswer);
  }

  onResponseEnd(): void {
    this.endWithAnswerOr(noAnswer);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.endWithAnswerOr({ kind: 'failed', error: failureText(error) });
  }

  /** Ends the exchange with what has been answered so far, if that has a status; and the connection, unless the answer is complete. */
  endWithAnswerOr(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    const status = this.#status;
    this.#settle(status === undefined ? ending : { kind: 'answered', status, head: this.#head.text() });
    this.#controller?.abort(new Error('the request is over'));
  }
}
