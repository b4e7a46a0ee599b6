import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStage } from '../histories.js';
import type { Answered, Stage, Step, Wish } from '../histories.js';
import {
  checkAcknowledgements,
  checkEffects,
  checkFrozenNumbers,
  checkMessages,
  checkNumbering,
  checkReplay,
  checkRetryKeys,
} from './historyChecks.js';
import { logOf, readableMessages } from './historyChecks.js';
import type { StorageHarness } from './support.js';

const small = fc.nat(5);
const type: fc.Arbitrary<Wish['type']> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('SendMessage' as const) },
  { weight: 6, arbitrary: fc.constant('RecallMessage' as const) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'AcknowledgeMessage' as const,
      'ReadConversation' as const,
      'DeleteConversation' as const,
      'DeleteRoaming' as const,
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'ChangeRecallPolicy' as const,
      'ExpireMessage' as const,
      'PurgeAttachment' as const,
      'TellRuleHealth' as const,
      'TestCallbackRule' as const,
      'EndSessions' as const,
    ),
  },
);

/** A wish; most of one history go from u1 to u2 or to the group, so that they concern each other. */
const wish: fc.Arbitrary<Wish> = fc.record({
  type,
  message: small,
  user: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, small),
  peer: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, small),
  inGroup: fc.boolean(),
  forced: fc.boolean(),
  flag: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, fc.boolean()),
  file: fc.nat(1),
  nth: fc.nat(9_999),
});

/** A step of a history. */
export const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('commands' as const),
      wishes: fc.array(wish, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('join' as const, 'leave' as const), user: small }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), seconds: fc.nat(100) }) },
);

const history = fc.array(stepArbitrary, { minLength: 1, maxLength: 12 });

/**
 * Properties over whole histories of commands that two nodes run at once; `runs` histories for each.
 * Not part of `describeStoragePorts`: a run makes storage of its own.
 */
export function describeHistories(name: string, harness: StorageHarness, runs: number): void {
  /** Checks a property on new storage for each history. */
  const holds = (check: (stage: Stage, steps: readonly Step[]) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { ports, close } = await harness.make();
        try {
          await check(await createStage(ports), steps);
        } finally {
          await close();
        }
      }),
      { numRuns: runs },
    );

  describe(`histories: ${name}`, () => {
    it('a recalled message never becomes readable again', () =>
      holds(async (stage, steps) => {
        for (const step of steps) {
          await stage.take(step);
          const log = await logOf(stage);
          const recalled = log.flatMap((event) => (event.type === 'MessageRecalled' ? event.data.msgId : []));
          const readable = await readableMessages(stage);
          expect(recalled.filter((msgId) => readable.has(msgId))).toEqual([]);
        }
      }));

    it('a repeated command adds no event', () =>
      holds(async (stage, steps) => {
        const lasting: Answered[] = [];
        for (const step of steps.flatMap(oneByOne)) {
          const answers = await stage.take(step);
          const before = await logOf(stage);
          const again = await stage.submit(answers.map(({ command }) => command));
          expect(await logOf(stage)).toEqual(before);
          expect(again.filter(({ outcome }) => !(outcome instanceof Error) && outcome.ok)).toEqual(
            again
              .filter((_, n) => wasAccepted(answers[n]))
              .map(({ command }) => ({ command, outcome: nothing })),
          );
          lasting.push(...answers.filter(wasAccepted).filter(({ command }) => isOnce(command.type)));
        }
        const end = await logOf(stage);
        await stage.submit(lasting.map(({ command }) => command));
        expect(await logOf(stage)).toEqual(end);
      }));

    it('replaying a stream gives the same state, and every number counts without gaps', () =>
      holds(async (stage, steps) => {
        const answers: Answered[] = [];
        for (const step of steps) answers.push(...(await stage.take(step)));
        const log = await logOf(stage);
        checkNumbering(log);
        checkMessages(log);
        checkFrozenNumbers(log);
        checkReplay(log, answers);
        checkAcknowledgements(log);
        checkRetryKeys(answers);
        await checkEffects(stage, log);
      }));
  });
}

const nothing = { ok: true, events: [] } as const;

/** A step's commands as steps of one command each. */
function oneByOne(step: Step): readonly Step[] {
  return step.type === 'commands' ? step.wishes.map((one) => ({ ...step, wishes: [one] })) : [step];
}

function wasAccepted(answered: Answered | undefined): boolean {
  return answered !== undefined && !(answered.outcome instanceof Error) && answered.outcome.ok;
}

/** What can happen once only, however much later it is asked for again. */
function isOnce(of: Wish['type']): boolean {
  return ['SendMessage', 'RecallMessage', 'PurgeAttachment', 'ExpireMessage', 'TestCallbackRule'].includes(
    of,
  );
}
