import type { PostgresEngine } from './postgres.js';

/** The database is set up so that what was acknowledged could be lost; the message is one line. */
export class UnsafeDatabase extends Error {
  override readonly name = 'UnsafeDatabase';
}

/** The oldest server that has what the statements use. */
const versionMin = 140_000;

/**
 * Looks whether a database keeps what it acknowledges, and takes what is stored. An engine that speaks
 * PostgreSQL's protocol and does not know a setting is taken at its word.
 * @throws UnsafeDatabase
 */
export async function checkSettings(engine: PostgresEngine): Promise<void> {
  const [found = {}] = await engine.run(`
    select current_setting('fsync', true) as fsync, current_setting('full_page_writes', true) as full_page_writes,
      current_setting('synchronous_commit', true) as synchronous_commit,
      current_setting('server_encoding', true) as server_encoding,
      current_setting('server_version_num', true) as version, pg_is_in_recovery() as standby`);
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (found[name] === 'off') {
      throw new UnsafeDatabase(`The database has ${name} off: a power cut would lose what was acknowledged.`);
    }
  }
  const { server_encoding: encoding, version, standby } = found;
  if (typeof encoding === 'string' && encoding !== 'UTF8') {
    throw new UnsafeDatabase(`The database has the encoding ${encoding}; it must be UTF8.`);
  }
  if (Number(version ?? versionMin) < versionMin) {
    throw new UnsafeDatabase('The database server is too old; version 14 or newer is needed.');
  }
  if (standby === true) throw new UnsafeDatabase('The database is a standby: it cannot be written.');
}
