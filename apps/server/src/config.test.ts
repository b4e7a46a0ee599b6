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
      callbackAllowPrivate: false,
      messageRetentionMs: null,
      attachmentRetentionMs: null,
      logLevel: 'info',
    });
    expect(config.databasePath).toBe(path.resolve('data', 'recalld.sqlite'));
    expect(config.rootToken).toBeUndefined();
  });

  it('given every variable, then each is read', () => {
    const config = readConfig({
      PORT: '0',
      HOST: '::1',
      RECALLD_DATA_DIR: '/srv/recalld',
      RECALLD_DATABASE_URL: 'sqlite:/srv/db.sqlite',
      RECALLD_ROOT_TOKEN: 'root-token',
      RECALLD_APP: 'acme#im',
      RECALLD_CLIENT_ID: 'client-id',
      RECALLD_CLIENT_SECRET: 'client-secret',
      RECALLD_SDKAPPID: '1400000000',
      RECALLD_SDKAPPID_KEY: 'usersig-key',
      RECALLD_CALLBACK_ALLOW_PRIVATE: 'true',
      RECALLD_MESSAGE_RETENTION: '90d',
      RECALLD_ATTACHMENT_RETENTION: '12h',
      RECALLD_SECRET_KEY: 'k'.repeat(32),
      RECALLD_LOG_LEVEL: 'debug',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '::1',
      dataDir: '/srv/recalld',
      databasePath: '/srv/db.sqlite',
      app: { org: 'acme', name: 'im' },
      sdkAppId: 1_400_000_000,
      messageRetentionMs: 90 * 86_400_000,
      attachmentRetentionMs: 12 * 3_600_000,
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
      { RECALLD_DATABASE_URL: 'postgres://u:pass@h/db' },
      'holds "postgres://u:***@h/db"; it takes sqlite:PATH',
    ],
    [{ RECALLD_NATS_URL: 'nats://u:p@ss@h' }, 'holds "nats://u:***@h"'],
    [{ RECALLD_NATS_URL: 'nats://tokentoken@h' }, 'holds "nats://***@h"'],
    [{ RECALLD_DATABASE_URL: 'postgres://u:hun/ter2@h/db' }, 'holds "postgres://u:***@h/db"'],
    [{ RECALLD_DATABASE_URL: 'postgres://u:hun#ter2@h/db' }, 'holds "postgres://u:***@h/db"'],
    [{ RECALLD_DATABASE_URL: 'postgres://h/db?user=a&password=hunter2' }, '?user=a&password=***"'],
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
});
