import { Unavailable } from '@recalld/domain';
import { ConfigError } from './configValues.js';
import { parsePostgresUrl } from './databaseConfig.js';

/** No database answers where the environment says that one is; the message is one line without secrets. */
export class DatabaseAway extends ConfigError {
  override readonly name = 'DatabaseAway';
}

/**
 * What the environment's person is told of a database that could not be opened: `DatabaseAway` when it
 * may be there in a moment, `ConfigError` when somebody must put something right; the fault itself when it
 * is neither.
 */
export function databaseFault(fault: unknown, url: string): unknown {
  const where = `RECALLD_DATABASE_URL leads to ${parsePostgresUrl(url)?.server}`;
  for (let at = fault; at instanceof Error; at = at.cause) {
    const told = toldOf(at, where);
    if (told !== undefined) return told;
  }
  // A client that gives up names no code.
  return fault instanceof Unavailable ? away(where, 'no answer in time') : fault;
}

function toldOf(fault: Error, where: string): Error | undefined {
  const { message } = fault;
  const code = textOf(fault, 'code');
  if (textOf(fault, 'syscall') === 'open') {
    const file = textOf(fault, 'path');
    return new ConfigError(`RECALLD_DATABASE_URL names the file "${file}", which cannot be read (${code})`);
  }
  if (networkCodes.test(code)) return away(where, code);
  // Starting, stopping, out of connections: as the server says it.
  if (busyStates.test(code)) return away(where, message);
  if (refusingStates.test(code) || message.startsWith('SASL')) {
    return new ConfigError(
      `${where}, which refuses: ${lineOf(message)}; it takes a user, a password and a database of that server`,
    );
  }
  if (tlsCodes.test(code) || /\bSSL\b/.test(message)) {
    const why = lineOf(code || message);
    return new ConfigError(
      `${where}, where no encrypted connection is made (${why}); check its sslmode and sslrootcert`,
    );
  }
  return undefined;
}

/** Errors of sockets and of names. */
const networkCodes = /^(ECONN|EHOST|ENET|ETIMEDOUT|EPIPE|EAI_|ENOTFOUND|ENOENT|EACCES)/;
/** Of PostgreSQL: connections that fail, too many, a server that starts or stops. */
const busyStates = /^(08...|53300|57P0[1-5])$/;
/** Logins, databases that are not there, rights. */
const refusingStates = /^(28...|3D000|42501)$/;
const tlsCodes = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO)/;

function away(where: string, why: string): DatabaseAway {
  return new DatabaseAway(`${where}, where no PostgreSQL answers (${lineOf(why)}); it takes one that runs`);
}

function textOf(fault: Error, field: 'code' | 'syscall' | 'path'): string {
  const value: unknown = Reflect.get(fault, field);
  return typeof value === 'string' ? value : '';
}

function lineOf(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
