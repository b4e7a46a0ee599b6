import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkAcknowledgements,
  checkEffects,
  checkFrozenNumbers,
  checkMessages,
  checkNumbering,
  checkRetryKeys,
  logOf,
} from '../testing/contracts/historyChecks.js';
import { stepArbitrary } from '../testing/contracts/histories.js';
import {
  createFixedClock,
  createMemoryStorage,
  createStage,
  describeHistories,
  sampleInstant,
  scriptedStore,
} from '../testing/index.js';
import type { Answered, Fate } from '../testing/index.js';

const close = () => Promise.resolve();
const memory = {
  make: async () => {
    const clock = createFixedClock(sampleInstant);
    return { ports: createMemoryStorage(clock), close, pass: clock.advance };
  },
};
describeHistories('memory', memory, 300);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('written' as const) },
  fc.constantFrom('moved' as const, 'unknownWritten' as const, 'unknownLost' as const),
  fc.constant(new Error('disk I/O error')),
);

describe('histories on a store whose commits fail', () => {
  it('what was accepted is in the log once, and what failed left no trace of its own', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(stepArbitrary, { maxLength: 8 }),
        fc.array(fate, { minLength: 1, maxLength: 40 }),
        async (steps, fates) => {
          const ports = createMemoryStorage();
          const store = scriptedStore(ports.commands, (_, nth) => fates[nth % fates.length] ?? 'written');
          const stage = await createStage(ports, store);
          const answers: Answered[] = [];
          for (const step of steps) answers.push(...(await stage.take(step)));

          const log = await logOf(stage);
          checkNumbering(log);
          checkMessages(log);
          checkFrozenNumbers(log);
          checkAcknowledgements(log);
          checkRetryKeys(answers);
          await checkEffects(stage, log);
          const recallIds = log.flatMap((event) =>
            event.type === 'MessageRecalled' ? event.data.recallId : [],
          );
          for (const { command, outcome } of answers) {
            if (command.type !== 'RecallMessage' || outcome instanceof Error) continue;
            if (outcome.ok) expect(recallIds).toContain(command.recallId);
          }
        },
      ),
      { numRuns: 300 },
    ));
});
