import { describe, it } from 'vitest';
import type { NewEvent } from '../events.js';
import { given, sampleInstant, tellSample } from '../testing/index.js';
import type { RuleHealth } from './suspension.js';

const now = sampleInstant;
const suspended: RuleHealth = { status: 'suspended', since: now - 600_000, probes: 2, probeAt: now };
const failing: RuleHealth = { status: 'failing', since: now - 1 };
const names = { ruleId: 'r1', ruleName: 'rule r1' };
const told = { occurredAt: now, actor: 'recalld' };
const toldSuspended: NewEvent = {
  type: 'CallbackRuleSuspended',
  data: { ...names, failingSince: suspended.since },
  ...told,
};
const toldResumed: NewEvent = { type: 'CallbackRuleResumed', data: names, ...told };

describe('telling a rule’s owner of its health', () => {
  it('says that it is suspended, and since when nothing succeeds', () => {
    given()
      .when(tellSample({ health: suspended }))
      .then([toldSuspended]);
  });

  it.each([{ status: 'healthy' } as const, failing])(
    'says that it is resumed when it is $status',
    (health) => {
      given(toldSuspended).when(tellSample({ health })).then([toldResumed]);
    },
  );

  it('says nothing that the owner knows', () => {
    given().when(tellSample()).then([]);
    given()
      .when(tellSample({ health: failing }))
      .then([]);
    given(toldSuspended, toldResumed).when(tellSample()).then([]);
    given(toldSuspended)
      .when(tellSample({ health: { ...suspended, probes: 9 } }))
      .then([]);
  });

  it('says it again when it happens again, and of each rule by itself', () => {
    given(toldSuspended, toldResumed)
      .when(tellSample({ health: suspended }))
      .then([toldSuspended]);
    given(toldSuspended)
      .when(tellSample({ ruleId: 'r2', ruleName: 'two', health: suspended }))
      .then([{ type: 'CallbackRuleSuspended', data: { ruleId: 'r2', ruleName: 'two' } }]);
  });
});
