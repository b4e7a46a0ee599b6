import { Unavailable } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './configValues.js';
import { databaseFault, DatabaseAway } from './databaseFaults.js';

const url = 'postgres://recalld:hunter2@db.example:6543/im';
const where = 'RECALLD_DATABASE_URL leads to db.example:6543, ';

function fault(message: string, fields: Readonly<Record<string, string>> = {}): Error {
  return Object.assign(new Error(message), fields);
}

describe('a database that cannot be opened', () => {
  it.each([
    [fault('connect ECONNREFUSED', { code: 'ECONNREFUSED', syscall: 'connect' }), '(ECONNREFUSED)'],
    [fault('getaddrinfo ENOTFOUND db.example', { code: 'ENOTFOUND' }), '(ENOTFOUND)'],
    [fault('connect ENOENT /run/x', { code: 'ENOENT', syscall: 'connect' }), '(ENOENT)'],
    [fault('the database system is starting up', { code: '57P03' }), '(the database system is starting up)'],
    [fault('sorry, too many clients already', { code: '53300' }), '(sorry, too many clients already)'],
    [new Unavailable('timeout expired'), '(no answer in time)'],
  ])('given %s, then it may be there in a moment', (cause, why) => {
    for (const told of [cause, new Unavailable('it cannot be reached', { cause })]) {
      const known = databaseFault(told, url);
      expect(known).toBeInstanceOf(DatabaseAway);
      expect(known).toHaveProperty(
        'message',
        `${where}where no PostgreSQL answers ${why}; it takes one that runs`,
      );
    }
  });

  it.each([
    [
      fault('password authentication failed for user "recalld"', { code: '28P01' }),
      'which refuses: password',
    ],
    [
      fault('database "im" does not exist', { code: '3D000' }),
      'which refuses: database "im" does not exist;',
    ],
    [fault('permission denied for schema public', { code: '42501' }), 'which refuses: permission denied'],
    [fault('SASL: client password must be a string'), 'which refuses: SASL'],
    [
      fault('The server does not support SSL connections'),
      'where no encrypted connection is made (The server',
    ],
    [
      fault('self-signed', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
      'where no encrypted connection is made (SELF_',
    ],
  ])('given %s, then somebody must put it right', (cause, what) => {
    const known = databaseFault(new Unavailable('it cannot be reached', { cause }), url);
    expect(known).toBeInstanceOf(ConfigError);
    expect(known).not.toBeInstanceOf(DatabaseAway);
    expect(known).toHaveProperty('message', expect.stringContaining(where + what));
  });

  it('given a file of the URL that cannot be read, then it is named', () => {
    const cause = fault('ENOENT: no such file', { code: 'ENOENT', syscall: 'open', path: '/ca.pem' });
    expect(databaseFault(cause, url)).toHaveProperty(
      'message',
      'RECALLD_DATABASE_URL names the file "/ca.pem", which cannot be read (ENOENT)',
    );
  });

  it('given a fault of the product, then it stays what it is', () => {
    const cause = fault('syntax error at or near "form"', { code: '42601' });
    expect(databaseFault(cause, url)).toBe(cause);
  });
});
