import path from 'node:path';
import { databaseFileName } from '@recalld/adapters-storage';
import { isIP } from 'node:net';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What the environment says, checked. Secrets that it leaves out are generated and kept by the store. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** The SQLite file. */
  readonly databasePath: string;
  readonly rootToken: string | undefined;
  readonly app: { readonly org: string; readonly name: string };
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly sdkAppId: number | undefined;
  readonly sdkAppKey: string | undefined;
  readonly callbackAllowPrivate: boolean;
  /** How long content is kept, ms; null: for ever. */
  readonly messageRetentionMs: number | null;
  readonly attachmentRetentionMs: number | null;
  readonly secretKey: string | undefined;
  readonly logLevel: LogLevel;
}

/** A variable that the server cannot start with; the message is one line and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads a variable's text, or says what it takes. */
type Parse<T> = (text: string) => T | undefined;

/**
 * Reads the environment. An empty variable counts as unset.
 * @throws ConfigError that names the first wrong variable, what it holds and what it takes.
 */
export function readConfig(env: Env): Config {
  const read = <T>(name: string, takes: string, parse: Parse<T>): T | undefined =>
    readVariable(env, name, takes, parse, (text) => `"${shown(text)}"`);
  const readSecret = (name: string, min = 8): string | undefined =>
    readVariable(
      env,
      name,
      `${min} to 256 printable characters`,
      secret(min),
      (text) => `${text.length} characters`,
    );

  const dataDir = path.resolve(read('RECALLD_DATA_DIR', 'a folder', (text) => text) ?? './data');
  refuseUnavailable(env);
  return {
    host: read('HOST', 'an IP address or a host name', hostName) ?? '127.0.0.1',
    port: read('PORT', 'a number from 0 to 65535', wholeNumber(0, 65_535)) ?? 8080,
    dataDir,
    databasePath:
      read('RECALLD_DATABASE_URL', 'sqlite:PATH (this version has no other engine)', sqlitePath(dataDir)) ??
      path.join(dataDir, databaseFileName),
    rootToken: readSecret('RECALLD_ROOT_TOKEN'),
    app: read('RECALLD_APP', 'ORG#APP, each 1 to 64 of A-Z a-z 0-9 _ -', appKey) ?? {
      org: 'demo-org',
      name: 'demo-app',
    },
    clientId: read('RECALLD_CLIENT_ID', '1 to 256 printable characters', printable),
    clientSecret: readSecret('RECALLD_CLIENT_SECRET'),
    sdkAppId: read('RECALLD_SDKAPPID', 'a number from 1 to 4294967295', wholeNumber(1, 4_294_967_295)),
    sdkAppKey: readSecret('RECALLD_SDKAPPID_KEY'),
    callbackAllowPrivate: read('RECALLD_CALLBACK_ALLOW_PRIVATE', 'true or false', flag) ?? false,
    messageRetentionMs: read('RECALLD_MESSAGE_RETENTION', retentionForm, retention) ?? null,
    attachmentRetentionMs: read('RECALLD_ATTACHMENT_RETENTION', retentionForm, retention) ?? null,
    secretKey: readSecret('RECALLD_SECRET_KEY', 32),
    logLevel: read('RECALLD_LOG_LEVEL', `one of ${logLevels.join(', ')}`, logLevel) ?? 'info',
  };
}

const retentionForm = 'forever, or a number of days or hours such as 90d or 12h';

function readVariable<T>(
  env: Env,
  name: string,
  takes: string,
  parse: Parse<T>,
  show: (text: string) => string,
): T | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = parse(text);
  if (value === undefined) throw new ConfigError(`${name} holds ${show(text)}; it takes ${takes}`);
  return value;
}

/** NATS is announced by its variable, but this version signals inside one process only. */
function refuseUnavailable(env: Env): void {
  const url = env['RECALLD_NATS_URL'];
  if (url === undefined || url === '') return;
  throw new ConfigError(
    `RECALLD_NATS_URL holds "${shown(url)}"; this version takes none: signals stay inside the one server`,
  );
}

/** One line of bounded length; whatever may be a password inside a URL is `***`. */
function shown(text: string): string {
  return text
    .replace(/\/\/([^:@]*:)?.*@/, (_, user: string | undefined) => `//${user ?? ''}***@`)
    .replace(/([?&](?:password|pass|pwd|token|secret|key)=)[^&]*/gi, '$1***')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}

function wholeNumber(min: number, max: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  };
}

/** Spaces at the ends would not survive an HTTP header. */
const printable: Parse<string> = (text) =>
  /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/.test(text) ? text : undefined;

function secret(min: number): Parse<string> {
  return (text) => (text.length >= min ? printable(text) : undefined);
}

const hostName: Parse<string> = (text) =>
  isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(text) ? text : undefined;

const flag: Parse<boolean> = (text) => (text === 'true' ? true : text === 'false' ? false : undefined);

const logLevel: Parse<LogLevel> = (text) => logLevels.find((level) => level === text);

const appKey: Parse<{ org: string; name: string }> = (text) => {
  const [, org, name] = /^([A-Za-z0-9_-]{1,64})#([A-Za-z0-9_-]{1,64})$/.exec(text) ?? [];
  return org === undefined || name === undefined ? undefined : { org, name };
};

/** `sqlite:` alone is the file in the data folder; a relative path is relative to where the server runs. */
function sqlitePath(dataDir: string): Parse<string> {
  return (text) => {
    if (!text.startsWith('sqlite:')) return undefined;
    const file = text.slice('sqlite:'.length);
    return file === '' ? path.join(dataDir, databaseFileName) : path.resolve(file);
  };
}

const hourMs = 3_600_000;

const retention: Parse<number | null> = (text) => {
  if (text === 'forever') return null;
  const [, amount, unit] = /^([1-9]\d{0,4})([dh])$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * (unit === 'd' ? 24 * hourMs : hourMs);
};
