import { inspect } from 'node:util';
import { Unavailable } from '@recalld/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, postgresAvailable } from '../testing/postgres.js';
import { onSession } from './session.js';

let url: string;
let drop: () => Promise<void>;

beforeEach(async () => {
  if (postgresAvailable) ({ url, drop } = await createTestDatabase());
});

afterEach(async () => {
  if (postgresAvailable) await drop();
});

const faultOf = (text: string): Promise<unknown> =>
  onSession(url, (session) => session.run(text)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe.skipIf(!postgresAvailable)('a session', () => {
  it('given a fault that quotes a value, then the value does not leave it', async () => {
    const fault = await faultOf("select bigint 'alice-secret'");

    expect(fault).toMatchObject({ name: 'DatabaseFault', code: '22P02' });
    expect(inspect(fault, { depth: null, showHidden: true })).not.toContain('alice-secret');
  });

  it('given a server that ends the connection, then it is Unavailable', async () => {
    expect(await faultOf('select pg_terminate_backend(pg_backend_pid())')).toBeInstanceOf(Unavailable);
  });
});
