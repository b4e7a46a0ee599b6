import { describe, expect, it } from 'vitest';
import {
  attachmentSample,
  createMemoryAttachmentBytes,
  createMemoryStorage,
  createWorld,
  loopOn,
  ruleSample,
  sampleInstant,
  scriptedStore,
} from '../testing/index.js';
import {
  claimOne,
  healthOf,
  recallOne,
  settleAs,
  suspendRule,
} from '../testing/contracts/deliverySupport.js';
import { expireAttachments } from './expireAttachments.js';
import { expireMessages } from './expireMessages.js';
import { purgeAttachments } from './purgeAttachments.js';
import { tellRuleHealths } from './tellRuleHealths.js';

async function* oneByte(): AsyncIterable<Uint8Array> {
  yield Uint8Array.of(1);
}

async function setUp() {
  const world = await createWorld(createMemoryStorage());
  const bytes = createMemoryAttachmentBytes();
  const upload = async (id: string, uploadedAt = sampleInstant) => {
    await bytes.put(id, oneByte(), 1);
    await world.ports.attachments.add(attachmentSample(world.app.no, id, { uploadedAt }));
  };
  const stateOf = async (id: string) => [
    (await world.ports.attachments.find(world.app.no, id))?.state,
    (await bytes.open(id)) !== undefined,
  ];
  const deps = { attachments: world.ports.attachments, bytes, loop: world.loop, clock: world.clock };
  return { ...world, bytes, upload, stateOf, deps };
}

describe('purging attachments', () => {
  it('destroys the bytes of condemned ones and records each with the message that condemned it', async () => {
    const { ports, app, upload, send, recall, stateOf, deps } = await setUp();
    for (const id of ['a', 'b', 'kept']) await upload(id);
    const msgId = await send({ attachments: ['a', 'b'] });
    await send({ attachments: ['kept'] });
    await recall(msgId);

    expect(await purgeAttachments(deps, 10)).toBe(2);

    expect([await stateOf('a'), await stateOf('b')]).toEqual(Array(2).fill(['purged', false]));
    expect(await stateOf('kept')).toEqual(['referred', true]);
    const events = await ports.log.ofStream(app.no, `message/${msgId}`);
    expect(
      events.flatMap((event) => (event.type === 'AttachmentPurged' ? event.data.attachment : [])),
    ).toEqual(['a', 'b']);
    expect(await purgeAttachments(deps, 10)).toBe(0);
  });

  it('given a file that cannot be destroyed, then the others are gone, and its fault is told when none is left', async () => {
    const { bytes, upload, send, recall, stateOf, deps } = await setUp();
    for (const id of ['stuck', 'b']) await upload(id);
    await recall(await send({ attachments: ['stuck', 'b'] }));
    const destroy = async (id: string) => {
      if (id === 'stuck') throw new Error('the disk says no');
      await bytes.destroy(id);
    };
    const failing = { ...deps, bytes: { ...bytes, destroy } };

    expect(await purgeAttachments(failing, 10)).toBe(1);

    expect([await stateOf('stuck'), await stateOf('b')]).toEqual([
      ['condemned', true],
      ['purged', false],
    ]);
    await expect(purgeAttachments(failing, 10)).rejects.toThrow('the disk says no');
    await expect(expireAttachments(failing, sampleInstant + 1, 10)).resolves.toBe(0);
  });

  it('takes no more than it is asked to, and goes on after a crash between bytes and event', async () => {
    const { bytes, upload, send, recall, stateOf, deps } = await setUp();
    for (const id of ['a', 'b']) await upload(id);
    await recall(await send({ attachments: ['a', 'b'] }));
    await bytes.destroy('a');

    expect([await purgeAttachments(deps, 1), await purgeAttachments(deps, 1)]).toEqual([1, 1]);

    expect([await stateOf('a'), await stateOf('b')]).toEqual(Array(2).fill(['purged', false]));
  });
});

describe('expiring content', () => {
  it('ends attachments uploaded before an instant, bytes and all', async () => {
    const { upload, stateOf, deps } = await setUp();
    await upload('old', sampleInstant - 1);
    await upload('young', sampleInstant);

    expect(await expireAttachments(deps, sampleInstant, 10)).toBe(1);

    expect([await stateOf('old'), await stateOf('young')]).toEqual([
      ['expired', false],
      ['uploaded', true],
    ]);
  });

  it('records the expiry of messages, so many at a time', async () => {
    const { ports, app, clock, loop, send } = await setUp();
    const expiresAt = clock.now() + 10_000;
    const sent = [await send({ expiresAt }), await send({ expiresAt }), await send()];
    clock.advance(10_000);
    const deps = { expired: ports.expired, loop, clock };

    expect([
      await expireMessages(deps, 1),
      await expireMessages(deps, 9),
      await expireMessages(deps, 9),
    ]).toEqual([1, 1, 0]);

    expect([...(await ports.contents.read(app.no, sent)).keys()]).toEqual(sent.slice(2));
  });
});

describe('telling owners of the health of their rules', () => {
  async function setUpRules(...rules: readonly string[]) {
    const world = await createWorld(createMemoryStorage());
    const { ports, app, loop, clock } = world;
    for (const id of rules) await ports.rules.create(ruleSample(app.no, id));
    await recallOne(world);
    const eventsOf = async (ruleId: string) =>
      (await ports.log.ofStream(app.no, `callback-rule/${ruleId}`)).map(({ type, data }) => [type, data]);
    const heal = async (ruleId: string) => {
      await ports.ruleHealths.probeNow(app.no, ruleId, clock.now());
      await settleAs(world, await claimOne(world, clock.now(), ruleId), 'accepted');
    };
    return { ...world, eventsOf, heal, deps: { ruleHealths: ports.ruleHealths, loop, clock } };
  }
  type Rules = Awaited<ReturnType<typeof setUpRules>>;
  const suspension = async (world: Rules, ruleId: string) => {
    const health = await healthOf(world, ruleId);
    const failingSince = health?.status === 'suspended' ? health.since : undefined;
    return ['CallbackRuleSuspended', { ruleId, ruleName: `rule ${ruleId}`, failingSince }];
  };
  const resumption = (ruleId: string) => ['CallbackRuleResumed', { ruleId, ruleName: `rule ${ruleId}` }];

  it('records that a rule was suspended and that it resumed, each once', async () => {
    const world = await setUpRules('r1');
    expect(await tellRuleHealths(world.deps, 10)).toBe(0);
    await suspendRule(world);
    const suspended = await suspension(world, 'r1');

    expect([await tellRuleHealths(world.deps, 10), await tellRuleHealths(world.deps, 10)]).toEqual([1, 0]);
    expect(await world.eventsOf('r1')).toEqual([suspended]);

    await world.heal('r1');
    expect([await tellRuleHealths(world.deps, 10), await tellRuleHealths(world.deps, 10)]).toEqual([1, 0]);
    expect(await world.eventsOf('r1')).toEqual([suspended, resumption('r1')]);
  });

  it('tells of so many rules at a time', async () => {
    const world = await setUpRules('r1', 'r2', 'r3');
    for (const id of ['r1', 'r2', 'r3']) await suspendRule(world, id);

    expect([await tellRuleHealths(world.deps, 2), await tellRuleHealths(world.deps, 2)]).toEqual([2, 1]);

    for (const id of ['r1', 'r2', 'r3']) expect(await world.eventsOf(id)).toHaveLength(1);
  });

  it('given a crash after the event, then the same suspension is recorded once, and its end too', async () => {
    const world = await setUpRules('r1');
    await suspendRule(world);
    const suspended = await suspension(world, 'r1');
    const told = () => Promise.reject(new Error('the disk says no'));
    const crashing = { ...world.deps, ruleHealths: { ...world.ports.ruleHealths, told } };
    await expect(tellRuleHealths(crashing, 10)).rejects.toThrow('the disk says no');
    await expect(tellRuleHealths(crashing, 10)).rejects.toThrow('the disk says no');
    expect(await world.eventsOf('r1')).toEqual([suspended]);

    await world.heal('r1');
    await tellRuleHealths(world.deps, 10);

    expect(await world.eventsOf('r1')).toEqual([suspended, resumption('r1')]);
  });

  it('says nothing of a suspension that was over before anybody looked', async () => {
    const world = await setUpRules('r1');
    await suspendRule(world);
    await world.heal('r1');

    await tellRuleHealths(world.deps, 10);

    expect(await world.eventsOf('r1')).toEqual([]);
    expect(await world.ports.ruleHealths.untold(10)).toEqual([]);
  });

  it('race, tell and tell: two nodes record one event', async () => {
    const world = await setUpRules('r1');
    await suspendRule(world);
    const other = { ...world.deps, loop: loopOn(scriptedStore(world.ports.commands)) };

    await Promise.all([tellRuleHealths(world.deps, 10), tellRuleHealths(other, 10)]);

    expect(await world.eventsOf('r1')).toHaveLength(1);
  });
});
