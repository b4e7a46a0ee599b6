import type { TestProject } from 'vitest/node';
import { lendPostgres } from '../../../../scripts/lib/testPostgres.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Who lends this run's PostgreSQL: what `createTestDatabase` of scripts/lib/testPostgres.mjs takes. */
    readonly postgresLender: string;
  }
}

/** Once for a run of vitest. Nothing starts before a test asks for it. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const lender = await lendPostgres();
  provide('postgresLender', lender.url);
  return lender.stop;
}
