import { errors } from 'undici';

/** A failure whose message is one line of our own words, fit to be kept and shown. */
export class PlainFailure extends Error {
  override readonly name = 'PlainFailure';
}

const texts: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'the connection was refused'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection was closed without an answer'],
  [/^(ENOTFOUND|EAI_\w+)$/, 'the host name could not be resolved'],
  [/^ETIMEDOUT$/, 'no connection in time'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'the host cannot be reached'],
  [/_HEADERS?_OVERFLOW$/, 'the headers of the answer are too long'],
  [/^HPE_/, 'the answer is not HTTP'],
  [/_ALERT_/, 'the receiver refused the TLS connection'],
  [/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_|ISSUER/, 'the TLS certificate is not valid'],
  [/^(ERR_SSL_|ERR_TLS_|EPROTO)/, 'no TLS connection could be made'],
];

/**
 * Why there was no answer, as one line of our own words with the error's code: messages of the
 * libraries below may repeat addresses, URLs or what the receiver sent.
 */
export function failureText(error: unknown): string {
  if (error instanceof PlainFailure) return error.message;
  if (error instanceof errors.HTTPParserError) return 'the answer is not HTTP';
  const code = codeOf(error);
  if (code === undefined) return 'the request failed';
  const known = texts.find(([pattern]) => pattern.test(code));
  return `${known?.[1] ?? 'the request failed'} (${code})`;
}

/** A connection that tried several addresses failed as often: the first failure speaks for all. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && !('code' in error)) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^\w{1,64}$/.test(error.code) ? error.code : undefined;
}
