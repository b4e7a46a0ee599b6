import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';

describe('the environment', () => {
  it('given nothing, then the documented defaults hold', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      app: { org: 'demo-org', name: 'demo-app' },
      connectionsMax: 20_000,
      trustedProxies: [],
      nats: null,
      callbacks: { allowPrivate: false, allowRanges: [], allowHosts: null, proxyUrl: undefined },
      messageRetentionMs: null,
      attachmentRetentionMs: null,
      deliveryRetentionMs: 30 * 86_400_000,
      logLevel: 'info',
    });
    expect(config.database).toEqual({ kind: 'sqlite', path: path.resolve('data', 'recalld.sqlite') });
    expect(config.rootToken).toBeUndefined();
  });

  it('given every variable, then each is read', () => {
    const config = readConfig({
      PORT: '0',
      HOST: '::1',
      RECALLD_DATA_DIR: '/srv/recalld',
      RECALLD_DATABASE_URL: 'sqlite:/srv/db.sqlite',
      RECALLD_CONNECTIONS_MAX: '500',
      RECALLD_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      RECALLD_NATS_URL: 'tls://recalld:secret@n1:4222,n2:4222',
      RECALLD_NATS_REPLICAS: '3',
      RECALLD_NATS_STREAM_BYTES: '5000000000',
      RECALLD_ROOT_TOKEN: 'root-token',
      RECALLD_APP: 'acme#im',
      RECALLD_CLIENT_ID: 'client-id',
      RECALLD_CLIENT_SECRET: 'client-secret',
      RECALLD_SDKAPPID: '1400000000',
      RECALLD_SDKAPPID_KEY: 'usersig-key',
      RECALLD_CALLBACK_ALLOW_PRIVATE: 'true',
      RECALLD_CALLBACK_ALLOW_RANGES: '10.1.0.0/16, fd00:1::/32',
      RECALLD_CALLBACK_ALLOW_HOSTS: 'api.example.com,*.example.org',
      RECALLD_CALLBACK_PROXY: 'http://user:pass@proxy:3128',
      RECALLD_MESSAGE_RETENTION: '90d',
      RECALLD_ATTACHMENT_RETENTION: '12h',
      RECALLD_DELIVERY_RETENTION: 'forever',
      RECALLD_LOG_RETENTION: 'forever',
      RECALLD_SECRET_KEY: 'k'.repeat(32),
      RECALLD_SECRET_KEY_PREVIOUS: 'one, with a comma, of 32 characters',
      RECALLD_LOG_LEVEL: 'debug',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '::1',
      dataDir: '/srv/recalld',
      database: { kind: 'sqlite', path: '/srv/db.sqlite' },
      app: { org: 'acme', name: 'im' },
      connectionsMax: 500,
      trustedProxies: ['10.0.0.0/8', '::1'],
      nats: {
        url: 'tls://recalld:secret@n1:4222,n2:4222',
        replicas: 3,
        streamBytesMax: 5_000_000_000,
      },
      sdkAppId: 1_400_000_000,
      callbacks: {
        allowPrivate: true,
        allowRanges: ['10.1.0.0/16', 'fd00:1::/32'],
        allowHosts: ['api.example.com', '*.example.org'],
        proxyUrl: 'http://user:pass@proxy:3128',
      },
      messageRetentionMs: 90 * 86_400_000,
      attachmentRetentionMs: 12 * 3_600_000,
      deliveryRetentionMs: null,
      logRetentionMs: null,
      previousSecretKey: 'one, with a comma, of 32 characters',
    });
  });

  it.each([
    [{ PORT: '70000' }, 'PORT holds "70000"; it takes a number from 0 to 65535'],
    [{ PORT: '8080x' }, 'PORT holds "8080x"'],
    [{ HOST: 'no such host' }, 'HOST holds'],
    [{ RECALLD_APP: 'acme' }, 'RECALLD_APP holds "acme"; it takes ORG#APP'],
    [{ RECALLD_CALLBACK_ALLOW_PRIVATE: 'yes' }, 'it takes true or false'],
    [{ RECALLD_MESSAGE_RETENTION: '0d' }, 'RECALLD_MESSAGE_RETENTION holds "0d"; it takes forever'],
    [{ RECALLD_LOG_LEVEL: 'loud' }, 'it takes one of trace, debug'],
    [
      { RECALLD_DATABASE_URL: 'mysql://u:pass@h/db' },
      'holds "mysql://u:***@h/db"; it takes sqlite:PATH, or postgres',
    ],
    [{ RECALLD_DATABASE_URL: 'postgres://u:pass@h' }, 'holds "postgres://u:***@h"; it takes'],
    [{ RECALLD_DATABASE_URL: 'postgres://u:pass@/db' }, 'holds "postgres://u:***@/db"; it takes'],
    [{ RECALLD_DATABASE_URL: 'postgres://h/db?sslmode=on' }, 'holds "postgres://h/db?sslmode=on"; it takes'],
    [{ RECALLD_DATABASE_URL: 'postgres:h/db' }, 'holds "postgres:h/db"; it takes'],
    [{ RECALLD_LOG_RETENTION: '90d' }, 'RECALLD_LOG_RETENTION holds "90d"; it takes forever, with SQLite'],
    [{ RECALLD_NATS_URL: 'nats://u:p@ss@h' }, 'RECALLD_NATS_URL holds "nats://u:***@h"; it takes nats://'],
    [{ RECALLD_NATS_URL: 'http://tokentoken@h' }, 'holds "http://***@h"'],
    [{ RECALLD_NATS_URL: 'u:hunter2@h' }, 'holds "u:***@h"'],
    [{ RECALLD_NATS_URL: 'nats://u:p@h,nats://u:other@h2' }, 'holds "nats://u:***@h2"'],
    [
      { RECALLD_CONNECTIONS_MAX: '0' },
      'RECALLD_CONNECTIONS_MAX holds "0"; it takes a number from 1 to 1000000',
    ],
    [
      { RECALLD_TRUSTED_PROXIES: 'proxy.example' },
      'RECALLD_TRUSTED_PROXIES holds "proxy.example"; it takes addresses and ranges such as',
    ],
    [{ RECALLD_TRUSTED_PROXIES: '10.0.0.1,' }, 'RECALLD_TRUSTED_PROXIES holds "10.0.0.1,"'],
    [{ RECALLD_TRUSTED_PROXIES: '0.0.0.0/0' }, 'RECALLD_TRUSTED_PROXIES holds "0.0.0.0/0"'],
    [{ RECALLD_TRUSTED_PROXIES: '::1,::/000' }, 'RECALLD_TRUSTED_PROXIES holds "::1,::/000"'],
    [{ RECALLD_NATS_REPLICAS: '6' }, 'RECALLD_NATS_REPLICAS holds "6"; it takes a number from 1 to 5'],
    [{ RECALLD_NATS_STREAM_BYTES: '1GiB' }, 'RECALLD_NATS_STREAM_BYTES holds "1GiB"; it takes a number of'],
    [
      { RECALLD_CALLBACK_PROXY: 'socks5://u:hunter2@h:1080' },
      'holds "socks5://u:***@h:1080"; it takes http://',
    ],
    [{ RECALLD_CALLBACK_PROXY: 'user:hunter2@proxy:3128' }, 'holds "user:***@proxy:3128"'],
    [{ RECALLD_CALLBACK_ALLOW_RANGES: '10.1.0.0/33' }, 'RECALLD_CALLBACK_ALLOW_RANGES holds "10.1.0.0/33"'],
    [{ RECALLD_CALLBACK_ALLOW_RANGES: '10.1.0.0/16,' }, 'it takes addresses and ranges such as'],
    [{ RECALLD_CALLBACK_ALLOW_HOSTS: 'https://a.example' }, 'RECALLD_CALLBACK_ALLOW_HOSTS holds'],
    [{ RECALLD_DELIVERY_RETENTION: '30' }, 'RECALLD_DELIVERY_RETENTION holds "30"; it takes forever'],
    [
      { RECALLD_SECRET_KEY_PREVIOUS: 'short' },
      'RECALLD_SECRET_KEY_PREVIOUS holds 5 characters; it takes 32 to',
    ],
    [{ RECALLD_DATABASE_URL: 'postgres://u:hun/ter2@h/db' }, 'holds "postgres://u:***@h/db"'],
    [{ RECALLD_DATABASE_URL: 'postgres://u:hun#ter2@h/db' }, 'holds "postgres://u:***@h/db"'],
    [{ RECALLD_DATABASE_URL: 'postgres://u:12/hun@ter2@h/db' }, 'holds "postgres://u:***@h/db"'],
    [{ RECALLD_DATABASE_URL: 'postgres://h/?user=a&password=hunter2' }, '?user=a&password=***"'],
    [
      { RECALLD_ROOT_TOKEN: 'short' },
      'RECALLD_ROOT_TOKEN holds 5 characters; it takes 8 to 256 printable characters',
    ],
    [{ RECALLD_SECRET_KEY: 'k'.repeat(31) }, 'RECALLD_SECRET_KEY holds 31 characters; it takes 32 to 256'],
  ])('given %j, then the start stops with one line that names it', (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
  });

  it('given a wrong secret, then its text is not in the line', () => {
    expect(() => readConfig({ RECALLD_CLIENT_SECRET: 'tab\tin-it' })).toThrow(/^(?!.*in-it).*$/);
  });

  it.each([
    'postgres://u:pass@h/db',
    'postgresql://h:5433/db?sslmode=verify-full',
    'postgres://u:p%40ss%2Fword@[::1]:5432/db',
    'postgres://u:pass@/db?host=/run/postgresql',
    'postgres:///db?host=/run/postgresql',
    'postgres://%2Frun%2Fpostgresql/db',
  ])('given %s, then that database is used as it says', (url) => {
    expect(readConfig({ RECALLD_DATABASE_URL: url }).database).toEqual({ kind: 'postgres', url });
  });

  describe('the log’s retention with PostgreSQL', () => {
    const read = (env: Readonly<Record<string, string>>) =>
      readConfig({ RECALLD_DATABASE_URL: 'postgres://h/db', ...env }).logRetentionMs;

    it('given none, then the log is kept for ever', () => {
      expect(read({ RECALLD_MESSAGE_RETENTION: '90d' })).toBeNull();
    });

    it('given one that is as long as the messages’, then it holds', () => {
      const env = { RECALLD_LOG_RETENTION: '90d', RECALLD_MESSAGE_RETENTION: '90d' };
      expect(read(env)).toBe(90 * 86_400_000);
    });

    it.each([
      { RECALLD_LOG_RETENTION: '90d' },
      { RECALLD_LOG_RETENTION: '90d', RECALLD_MESSAGE_RETENTION: '91d' },
      { RECALLD_LOG_RETENTION: '90d', RECALLD_MESSAGE_RETENTION: 'forever' },
    ])('given %j, then the start stops with one line that names both', (env) => {
      expect(() => read(env)).toThrow(
        /^RECALLD_LOG_RETENTION holds "90d"; it takes .*RECALLD_MESSAGE_RETENTION.*set too$/,
      );
    });
  });
});
