import path from 'node:path';
import { hostRefusal, parseNatsUrl, proxyRefusal, rangeRefusal } from '@recalld/adapters-callbacks';
import { databaseFileName } from '@recalld/adapters-storage';
import {
  allowed,
  appKey,
  flag,
  hostName,
  listOf,
  oneOf,
  printable,
  readVariable,
  retention,
  retentionForm,
  secretVariable,
  wholeNumber,
} from './configValues.js';
import type { Env, Parse } from './configValues.js';
import { databaseForm, databaseUrl } from './databaseConfig.js';
import type { DatabaseConfig } from './databaseConfig.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What the environment says, checked. Secrets that it leaves out are generated and kept by the store. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** What the embedded storage keeps beside its database; not used with PostgreSQL. */
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  /** Devices, and as many event streams, that this node lets connect at a time. */
  readonly connectionsMax: number;
  /** Proxies whose word on whom they speak for counts: addresses and ranges. */
  readonly trustedProxies: readonly string[];
  /** Null: signals stay inside this process, and no feed is published. */
  readonly nats: NatsConfig | null;
  readonly rootToken: string | undefined;
  readonly app: { readonly org: string; readonly name: string };
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly sdkAppId: number | undefined;
  readonly sdkAppKey: string | undefined;
  readonly callbacks: CallbackConfig;
  /** How long content is kept, ms; null: for ever. */
  readonly messageRetentionMs: number | null;
  readonly attachmentRetentionMs: number | null;
  /** How long attempts and finished deliveries are kept, ms; null: for ever. */
  readonly deliveryRetentionMs: number | null;
  /** How long the log keeps what happened to messages, ms; null: for ever, as always with SQLite. */
  readonly logRetentionMs: number | null;
  readonly secretKey: string | undefined;
  /** What stored secrets may still be sealed under. */
  readonly previousSecretKey: string | undefined;
  readonly logLevel: LogLevel;
}

export interface NatsConfig {
  /** Holds credentials: never logged. */
  readonly url: string;
  /** Copies of each stream, and how large one may grow; undefined: as the publisher has it. */
  readonly replicas: number | undefined;
  readonly streamBytesMax: number | undefined;
}

/** Where callbacks may go, and on which way. */
export interface CallbackConfig {
  readonly allowPrivate: boolean;
  /** Addresses that may be reached although they are not public. */
  readonly allowRanges: readonly string[];
  /** Null: any name. */
  readonly allowHosts: readonly string[] | null;
  /** May hold a password: never logged. */
  readonly proxyUrl: string | undefined;
}

type Read = <T>(name: string, takes: string, parse: Parse<T>) => T | undefined;

/**
 * Reads the environment. An empty variable counts as unset.
 * @throws ConfigError that names the first wrong variable, what it holds and what it takes.
 */
export function readConfig(env: Env): Config {
  const read: Read = (name, takes, parse) => readVariable(env, { name, takes, parse });
  const readSecret = (name: string, min?: number) => readVariable(env, secretVariable(name, min));

  const dataDir = path.resolve(read('RECALLD_DATA_DIR', 'a folder', (text) => text) ?? './data');
  const database = databaseConfig(read, path.join(dataDir, databaseFileName));
  const messageRetentionMs = read('RECALLD_MESSAGE_RETENTION', retentionForm, retention) ?? null;
  return {
    host: read('HOST', 'an IP address or a host name', hostName) ?? '127.0.0.1',
    port: read('PORT', 'a number from 0 to 65535', wholeNumber(0, 65_535)) ?? 8080,
    dataDir,
    database,
    connectionsMax:
      read('RECALLD_CONNECTIONS_MAX', 'a number from 1 to 1000000', wholeNumber(1, 1_000_000)) ??
      connectionsMaxDefault,
    trustedProxies: read('RECALLD_TRUSTED_PROXIES', proxiesForm, listOf(proxies)) ?? [],
    nats: natsConfig(read),
    rootToken: readSecret('RECALLD_ROOT_TOKEN'),
    app: read('RECALLD_APP', 'ORG#APP, each 1 to 64 of A-Z a-z 0-9 _ -', appKey) ?? {
      org: 'demo-org',
      name: 'demo-app',
    },
    clientId: read('RECALLD_CLIENT_ID', '1 to 256 printable characters', printable),
    clientSecret: readSecret('RECALLD_CLIENT_SECRET'),
    sdkAppId: read('RECALLD_SDKAPPID', 'a number from 1 to 4294967295', wholeNumber(1, 4_294_967_295)),
    sdkAppKey: readSecret('RECALLD_SDKAPPID_KEY'),
    callbacks: callbackConfig(read),
    messageRetentionMs,
    attachmentRetentionMs: read('RECALLD_ATTACHMENT_RETENTION', retentionForm, retention) ?? null,
    deliveryRetentionMs: deliveryRetention(read('RECALLD_DELIVERY_RETENTION', retentionForm, retention)),
    logRetentionMs: logRetention(read, database, messageRetentionMs),
    secretKey: readSecret('RECALLD_SECRET_KEY', secretKeyCharsMin),
    previousSecretKey: readSecret('RECALLD_SECRET_KEY_PREVIOUS', secretKeyCharsMin),
    logLevel: read('RECALLD_LOG_LEVEL', `one of ${logLevels.join(', ')}`, oneOf(logLevels)) ?? 'info',
  };
}

const secretKeyCharsMin = 32;
const connectionsMaxDefault = 20_000;

const proxiesForm = 'addresses and ranges such as 10.0.0.0/8 or ::1, not all addresses, with commas between';

/** Who believed everybody would let every caller choose its address. */
const proxies: Parse<string> = (text) => (/\/0+$/.test(text) ? undefined : allowed(rangeRefusal)(text));

const deliveryRetentionMsDefault = 30 * 86_400_000;

/** Null is `forever`, which is not the default here. */
function deliveryRetention(read: number | null | undefined): number | null {
  return read === undefined ? deliveryRetentionMsDefault : read;
}

function databaseConfig(read: Read, standardPath: string): DatabaseConfig {
  return (
    read('RECALLD_DATABASE_URL', databaseForm, databaseUrl(standardPath)) ?? {
      kind: 'sqlite',
      path: standardPath,
    }
  );
}

/** What happened to a message is dropped after the message itself, and only where the log lies in parts. */
function logRetention(
  read: Read,
  { kind }: DatabaseConfig,
  messageRetentionMs: number | null,
): number | null {
  const takes =
    kind === 'sqlite'
      ? 'forever, with SQLite'
      : `${retentionForm}, not shorter than RECALLD_MESSAGE_RETENTION, which must be set too`;
  const least = kind === 'sqlite' ? Infinity : (messageRetentionMs ?? Infinity);
  const parse: Parse<number | null> = (text) => {
    const retentionMs = retention(text);
    return (retentionMs ?? Infinity) >= least ? retentionMs : undefined;
  };
  return read('RECALLD_LOG_RETENTION', takes, parse) ?? null;
}

const natsUrlForm = 'nats://[USER:PASSWORD@ or TOKEN@]HOST[:PORT] or tls://…, more hosts after commas';

/** The details are checked without an URL too: a wrong one should not wait for the day that NATS is used. */
function natsConfig(read: Read): NatsConfig | null {
  const url = read('RECALLD_NATS_URL', natsUrlForm, (text) =>
    parseNatsUrl(text) === undefined ? undefined : text,
  );
  const replicas = read('RECALLD_NATS_REPLICAS', 'a number from 1 to 5', wholeNumber(1, 5));
  const streamBytesMax = read(
    'RECALLD_NATS_STREAM_BYTES',
    'a number of bytes, 1048576 or more',
    wholeNumber(1_048_576, Number.MAX_SAFE_INTEGER),
  );
  return url === undefined ? null : { url, replicas, streamBytesMax };
}

function callbackConfig(read: Read): CallbackConfig {
  return {
    allowPrivate: read('RECALLD_CALLBACK_ALLOW_PRIVATE', 'true or false', flag) ?? false,
    allowRanges:
      read(
        'RECALLD_CALLBACK_ALLOW_RANGES',
        'addresses and ranges such as 10.1.0.0/16 or fd00:1::/32, with commas between',
        listOf(allowed(rangeRefusal)),
      ) ?? [],
    allowHosts:
      read(
        'RECALLD_CALLBACK_ALLOW_HOSTS',
        'names such as api.example.com or *.example.com, with commas between',
        listOf(allowed(hostRefusal)),
      ) ?? null,
    proxyUrl: read(
      'RECALLD_CALLBACK_PROXY',
      'http://[USER:PASSWORD@]HOST[:PORT] or https://…',
      allowed(proxyRefusal),
    ),
  };
}
