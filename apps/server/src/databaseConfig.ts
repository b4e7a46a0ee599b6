import path from 'node:path';
import type { Parse } from './configValues.js';

/** Where the data goes, and in which engine. */
export type DatabaseConfig = SqliteConfig | PostgresConfig;

export interface SqliteConfig {
  readonly kind: 'sqlite';
  /** The file. */
  readonly path: string;
}

export interface PostgresConfig {
  readonly kind: 'postgres';
  /** Holds credentials: never logged. */
  readonly url: string;
}

export const databaseForm =
  'sqlite:PATH, or postgres://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE[?sslmode=…] ' +
  '(what is special in a URL percent-encoded)';

/** `sqlite:` alone is `standardPath`; a relative path is relative to where the server runs. */
export function databaseUrl(standardPath: string): Parse<DatabaseConfig> {
  return (text) => {
    if (/^postgres(ql)?:/i.test(text)) {
      return parsePostgresUrl(text) === undefined ? undefined : { kind: 'postgres', url: text };
    }
    if (!text.startsWith('sqlite:')) return undefined;
    const file = text.slice('sqlite:'.length);
    return { kind: 'sqlite', path: file === '' ? standardPath : path.resolve(file) };
  };
}

/** The parts of a `postgres://` URL that may be shown to anybody who starts the server. */
export interface PostgresAddress {
  /** `HOST:PORT`, or the folder of a socket. */
  readonly server: string;
  readonly database: string;
  /** Undefined: who the process runs as. */
  readonly user: string | undefined;
}

/** As pg reads it; what pg would read as something else than was meant is undefined. */
export function parsePostgresUrl(text: string): PostgresAddress | undefined {
  const url = parseUrl(text);
  if (url === undefined || !sslModes.has(url.searchParams.get('sslmode'))) return undefined;
  const [host, port, user, database] = [
    url.searchParams.get('host') ?? unescaped(url.hostname === noHost ? '' : url.hostname),
    url.searchParams.get('port') ?? url.port,
    url.searchParams.get('user') ?? unescaped(url.username),
    unescaped(url.pathname.slice(1)),
  ];
  // A slash, an at sign or a hash after the host is most often the rest of a password that was not escaped.
  if (!host || !database || /[/@]/.test(url.pathname.slice(1)) || url.hash !== '') return undefined;
  if (user === undefined || !/^\d{0,5}$/.test(port)) return undefined;
  const server = host.startsWith('/') ? host : `${host}:${port === '' ? standardPort : port}`;
  return { server, database, user: user === '' ? undefined : user };
}

const standardPort = 5432;

/** Null is pg's own choice: no encryption. */
const sslModes: ReadonlySet<string | null> = new Set([
  null,
  'disable',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
  'no-verify',
]);

/** Stands where a URL has a user and no host, which is a parameter then: a standard URL may not be so. */
const noHost = 'no-host.invalid';

function parseUrl(text: string): URL | undefined {
  if (!/^postgres(ql)?:\/\//i.test(text) || /\s/.test(text)) return undefined;
  try {
    return new URL(text.replace(/@\/(?=[^@]*$)/, `@${noHost}/`));
  } catch {
    return undefined;
  }
}

function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
