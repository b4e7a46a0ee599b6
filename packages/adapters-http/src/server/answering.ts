import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Answer, RequestObserver } from '../route.js';
import type { RequestState } from './requestState.js';

const jsonAnswerType = 'application/json; charset=utf-8';

/** The one place that answers: status, headers, bytes, and whoever watches. */
export function answerWith(
  observers: readonly RequestObserver[],
  reply: FastifyReply,
  state: RequestState,
  answer: Answer,
): void {
  const { api, route, call, startedAt } = state;
  if (observers.length > 0) {
    const ms = performance.now() - startedAt;
    const { requestId, method } = call;
    const answered = { requestId, method, route: route?.path, status: answer.status, ms };
    for (const observe of observers) observe(answered);
  }
  void reply.code(answer.status);
  if (api.headers !== undefined) void reply.headers(api.headers);
  if (answer.headers !== undefined) void reply.headers(answer.headers);
  if ('raw' in answer) void reply.send(rawBody(answer.raw));
  else void reply.header('content-type', jsonAnswerType).send(JSON.stringify(answer.body));
}

function rawBody(raw: string | Uint8Array | AsyncIterable<Uint8Array>): string | Buffer | Readable {
  if (typeof raw === 'string') return raw;
  return raw instanceof Uint8Array
    ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    : Readable.from(raw);
}
