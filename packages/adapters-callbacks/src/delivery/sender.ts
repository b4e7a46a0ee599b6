import { limits } from '@recalld/domain';
import type { Attempt, CallbackRequest, Clock, RuleTls } from '@recalld/domain';
import type { Dispatcher } from 'undici';
import { assertMayReach, createGuardedLookup } from './addressGuard.js';
import { AnswerHead } from './answer.js';
import type { Egress } from './egress.js';
import { failureText, PlainFailure } from './failureText.js';
import { createPools } from './pools.js';
import { parseProxy } from './proxy.js';
import type { Proxy } from './proxy.js';
import { createPatientResolve } from './resolve.js';
import type { Names } from './resolve.js';
import { retryAfterMs } from './retryAfter.js';

export interface CallbackSenderDeps {
  readonly clock: Clock;
  /** Judges every request's host, and every address that its name resolves to. */
  readonly egress: Egress;
  /** Opens what the secret box has sealed: the keys of client certificates. */
  readonly openSecret: (sealed: string) => string;
  /**
   * `http(s)://[user:password@]host[:port]`: all requests go through tunnels of this proxy. The names
   * of receivers are then its own to resolve: literal addresses and lists of hosts are still judged
   * here, what a name resolves to is for the proxy to judge. A private authority of an https proxy is
   * named by NODE_EXTRA_CA_CERTS. Left out: no proxy.
   */
  readonly proxyUrl?: string;
  /** Left out: those of `limits`. */
  readonly timeouts?: Partial<SenderTimeouts>;
  /** Left out: the system's. */
  readonly names?: Names;
}

export interface SenderTimeouts {
  /** Over resolving, connecting, the proxy and TLS. */
  readonly connectMs: number;
  /** Over everything, from the first look-up to the last byte of the answer. */
  readonly totalMs: number;
}

/** What came of one request. */
export interface Sent {
  readonly attempt: Attempt;
  /** How long the receiver's Retry-After asks to wait, ms, unbounded; null when it asks nothing. */
  readonly retryAfterMs: number | null;
}

/** Sends callbacks over HTTP. */
export interface CallbackSender {
  /**
   * POSTs a request once, follows no redirect, and answers within its timeout what came of it;
   * `cut` when {@link cut} ended it first. `tls` is what the rule asks of TLS. Never rejects.
   */
  send(request: CallbackRequest, tls: RuleTls | null): Promise<Sent | 'cut'>;
  /** Cuts off every request under way, and every later one. */
  cut(): void;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** How a request ended, before it is written down. */
type Ending =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly head: string;
      readonly retryAfter: unknown;
    }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'cut' };

/** @throws when `proxyUrl` is no URL of a proxy. */
export function createCallbackSender(deps: CallbackSenderDeps): CallbackSender {
  const { clock, egress, openSecret } = deps;
  const { connectMs = limits.callbackConnectTimeoutMs, totalMs = limits.callbackTimeoutMs } =
    deps.timeouts ?? {};
  const patience = { patienceMs: connectMs, ...(deps.names && { names: deps.names }) };
  const pools = createPools({
    lookup: createGuardedLookup(egress, createPatientResolve(patience)),
    connectTimeoutMs: connectMs,
    proxy: deps.proxyUrl === undefined ? null : proxyOf(deps.proxyUrl),
    openSecret,
  });
  const underway = new Set<Exchange>();
  let cut = false;

  /**
   * One POST under one deadline over connecting, sending and the answer. The status decides: an
   * answer whose rest is too long, too slow or cut off has been given all the same.
   */
  async function post({ url: href, headers, body }: CallbackRequest, tls: RuleTls | null): Promise<Ending> {
    const url = new URL(href);
    assertMayReach(egress, url);
    const { pool, release } = pools.acquire(url.origin, tls);
    return new Promise((resolve) => {
      const exchange = new Exchange((ending) => {
        clearTimeout(timer);
        underway.delete(exchange);
        release();
        resolve(ending);
      });
      underway.add(exchange);
      const timer = setTimeout(() => exchange.endLate(totalMs), totalMs);
      try {
        const path = `${url.pathname}${url.search}`;
        pool.dispatch({ method: 'POST', path, headers: { ...headers }, body }, exchange);
      } catch (error) {
        exchange.endWithAnswerOr({ kind: 'failed', error: failureText(error) });
      }
    });
  }

  return {
    send: async (request, tls) => {
      if (cut) return 'cut';
      const requestedAt = clock.now();
      const { url, headers } = request;
      const started = performance.now();
      const ending = await post(request, tls).catch((fault: unknown): Ending => {
        return { kind: 'failed', error: failureText(fault) };
      });
      if (ending.kind === 'cut') return 'cut';
      const tookMs = Math.round(performance.now() - started);
      const made = { requestedAt, tookMs, request: { url, headers } };
      if (ending.kind === 'failed') {
        const attempt = { ...made, status: null, error: ending.error, answerHead: null };
        return { attempt, retryAfterMs: null };
      }
      const attempt = { ...made, status: ending.status, error: null, answerHead: ending.head };
      return { attempt, retryAfterMs: retryAfterMs(ending.retryAfter, clock.now()) };
    },
    cut: () => {
      cut = true;
      for (const exchange of underway) exchange.endWithAnswerOr({ kind: 'cut' });
    },
    close: () => pools.destroy(),
  };
}

function proxyOf(text: string): Proxy {
  const proxy = parseProxy(text);
  // The text may hold a password.
  if (proxy === undefined) throw new PlainFailure('the URL of the proxy for callbacks is none');
  return proxy;
}

/** Made once: an error per request costs as much as its rendering. */
const requestOver = new Error('the request is over');

const noAnswer: Ending = { kind: 'failed', error: 'the answer has no status' };

/** Listens to one request; ends once, whatever the connection still does afterwards. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #head = new AnswerHead(limits.callbackAnswerBytesMax);
  readonly #settle: (ending: Ending) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status: number | undefined;
  #retryAfter: unknown;
  #over = false;

  constructor(settle: (ending: Ending) => void) {
    this.#settle = settle;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // A connection that came too late: nothing is sent on it.
    if (this.#over) controller.abort(requestOver);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, unknown>>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#retryAfter = headers['retry-after'];
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

  /** Ends the exchange at its deadline. */
  endLate(deadlineMs: number): void {
    const missing = this.#controller === undefined ? 'connection' : 'answer';
    this.endWithAnswerOr({ kind: 'failed', error: `no ${missing} within ${deadlineMs} ms` });
  }

  /** Ends the exchange with what has been answered so far, if that has a status; and the connection, unless the answer is complete. */
  endWithAnswerOr(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    const status = this.#status;
    const retryAfter = this.#retryAfter;
    this.#settle(
      status === undefined ? ending : { kind: 'answered', status, head: this.#head.text(), retryAfter },
    );
    this.#controller?.abort(requestOver);
  }
}
