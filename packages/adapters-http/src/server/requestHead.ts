import type { IncomingMessage } from 'node:http';
import type { Failure } from '../route.js';

const oneHundredContinue = /(?:^|\W)100-continue(?:$|\W)/i;

/** What HTTP/1.1 asks of every request, whatever its path (RFC 9112, 3.2; RFC 9110, 10.1.1). */
export function headFailure({ headers, httpVersion }: IncomingMessage): Failure | undefined {
  if (httpVersion !== '1.1') return undefined;
  if (headers.host === undefined) return 'malformedRequest';
  const { expect } = headers;
  return expect === undefined || oneHundredContinue.test(expect) ? undefined : 'expectationUnknown';
}
