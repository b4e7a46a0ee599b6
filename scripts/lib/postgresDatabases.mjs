// @ts-check
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/**
 * How a server is reached.
 *
 * @typedef {object} PostgresAccess
 * @property {string} url of somebody who may create databases
 * @property {string} userUrl of who is to own them: the same, or a role that may do nothing else
 */

/**
 * @template T
 * @param {string} url
 * @param {(client: pg.Client) => Promise<T>} work on a connection of its own
 * @returns {Promise<T>}
 */
export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  // A server that ends says so to a connection at rest; the next query fails with it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Makes the role that `userUrl` names.
 *
 * @param {PostgresAccess} access
 */
export async function createRole({ url, userUrl }) {
  const { username, password } = new URL(userUrl);
  const role = pg.escapeIdentifier(decodeURIComponent(username));
  const secret = pg.escapeLiteral(decodeURIComponent(password));
  await withClient(url, (client) => client.query(`create role ${role} login password ${secret}`));
}

/**
 * Makes a database: empty, or a copy of one that nobody is connected to.
 *
 * @param {PostgresAccess} access
 * @param {{ name?: string | undefined, template?: string | undefined }} [options]
 * @returns {Promise<string>} its URL, of its owner
 */
export async function createDatabase({ url, userUrl }, { name = databaseName(), template } = {}) {
  const owner = new URL(userUrl).username;
  const parts = [`create database ${pg.escapeIdentifier(name)}`];
  if (owner !== '') parts.push(`owner ${pg.escapeIdentifier(decodeURIComponent(owner))}`);
  if (template !== undefined) parts.push(`template ${pg.escapeIdentifier(template)}`);
  await withClient(url, (client) => client.query(parts.join(' ')));
  return databaseUrl(userUrl, name);
}

/**
 * Drops a database, if there is one; whoever is connected to it is cut off.
 *
 * @param {PostgresAccess} access
 * @param {string} name
 */
export async function dropDatabase({ url }, name) {
  const statement = `drop database if exists ${pg.escapeIdentifier(name)} with (force)`;
  await withClient(url, (client) => client.query(statement));
}

/** A name that no other database has. @param {string} [prefix] */
export function databaseName(prefix = 'recalld_') {
  return `${prefix}${randomBytes(6).toString('hex')}`;
}

/** @param {string} url of a server @param {string} name of one of its databases */
function databaseUrl(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.href;
}
