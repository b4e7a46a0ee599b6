import { openPostgresStorage } from '@recalld/adapters-storage';
import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { createTestDatabase, postgresAvailable } from '../../../scripts/lib/testPostgres.mjs';

it.skipIf(!postgresAvailable())(
  'given a fault of PostgreSQL that quotes a value, then the log has its code and not the value',
  async () => {
    const { url, drop } = await createTestDatabase(inject('postgresLender'));
    const storage = await openPostgresStorage({ url, contentKey: async () => Buffer.alloc(32, 7) });
    const lines: string[] = [];
    const log = pino({}, { write: (line) => lines.push(line) });

    // No position is a fraction: the database says so, and quotes it.
    await storage.checkpoints.write('feed', 31337.5).catch((err: unknown) => log.error({ err }, 'it failed'));
    await storage.close();
    await drop();

    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"code":"22P02"');
    expect(lines[0]).not.toContain('31337');
  },
);
