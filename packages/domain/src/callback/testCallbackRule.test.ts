import { describe, it } from 'vitest';
import type { NewEvent } from '../events.js';
import { given, idAt, ruleSample, sampleInstant, testSample } from '../testing/index.js';

const rules = [{ ...ruleSample(1, 'r1'), version: 1 }];
const { ruleId, ruleName, msgId, recallId, origin } = testSample();
const tested: NewEvent = {
  type: 'CallbackRuleTested',
  data: { ruleId, ruleName, msgId, recallId, origin },
  occurredAt: sampleInstant,
  actor: 'admin',
};

describe('testing a callback rule', () => {
  it('is recorded with ids that name nothing, by whoever asks', () => {
    given().and({ rules }).when(testSample()).then([tested]);
    given()
      .and({ rules })
      .when(testSample({ by: 'operator' }))
      .then([{ type: 'CallbackRuleTested', actor: 'operator' }]);
  });

  it('is refused for a rule that is not there or not enabled', () => {
    given().when(testSample()).then('ruleNotEnabled');
    given()
      .and({ rules })
      .when(testSample({ ruleId: 'r2' }))
      .then('ruleNotEnabled');
  });

  it('sends one callback however often the same test is asked for, and another for another test', () => {
    given(tested).and({ rules }).when(testSample()).then([]);
    given(tested)
      .and({ rules })
      .when(testSample({ recallId: idAt(sampleInstant, 9) }))
      .then([{ type: 'CallbackRuleTested', data: { recallId: idAt(sampleInstant, 9) } }]);
  });
});
