import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Workspace packages are read from their sources: a unit test needs no build. The condition is for
  // them alone; Node must load everything else as it does in production.
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'development|production'] } },
  test: {
    // Many suites wait for processes of their own: a second one goes on meanwhile, on two cores too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    include: ['{packages,apps}/*/src/**/*.test.ts', '{tests,scripts}/**/*.test.ts'],
    globalSetup: ['packages/adapters-storage/src/testing/postgresSetup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    server: { deps: { inline: [/@recalld\//] } },
  },
});
