import type { DeliveryState } from '../../callback/delivery.js';
import type { RuleHealth } from '../../callback/suspension.js';
import { assert } from '../../kernel/assert.js';
import type { Instant } from '../../kernel/ids.js';
import { limits } from '../../limits.js';
import type { ClaimedDelivery, Settlement } from '../../ports/deliveryQueue.js';
import type { SendMessage } from '../../message/sendMessage.js';
import { attemptSample } from '../samples.js';
import type { World } from '../world.js';

// What a delivery worker does, in small steps, for the suites of the ports around deliveries.

export const leaseMs = 20_000;

/** Sends and recalls a message, which makes one delivery per rule; answers when they are due. */
export async function recallOne(
  { send, recall, clock }: World,
  to: Pick<Partial<SendMessage>, 'to'> = {},
): Promise<Instant> {
  await recall(await send(to), to);
  return clock.now();
}

/** Claims as one worker, at an instant; `max` of each rule. */
export function claim(
  { ports }: World,
  owner: string,
  now: Instant,
  max = 10,
  rules: readonly string[] = ['r1'],
): Promise<readonly ClaimedDelivery[]> {
  const wanted = rules.map((ruleId) => ({ ruleId, max }));
  return ports.deliveries.claim({ rules: wanted, owner, now, leaseMs });
}

/** Claims the one delivery of a rule that must be due. */
export async function claimOne(world: World, now = world.clock.now(), ruleId = 'r1'): Promise<string> {
  const [held] = await claim(world, 'a', now, 1, [ruleId]);
  assert(held !== undefined, `a delivery of ${ruleId} is due`);
  return held.id;
}

/** How an attempt of worker `a` ends: by a name, or as a state. */
export type Ending = 'accepted' | 'refused' | 'cut' | 'dead';

/** Settles what worker `a` has claimed; a refused one is due again at once. */
export function settleAs(
  { ports, clock }: World,
  id: string,
  ending: Ending,
  now = clock.now(),
): Promise<Settlement> {
  const settled = { id, owner: 'a', state: stateAfter(ending, now) };
  const attempt = attemptSample({ status: ending === 'accepted' ? 200 : 500 });
  return ports.deliveries.settle([ending === 'cut' ? settled : { ...settled, attempt }], now);
}

function stateAfter(ending: Ending, now: Instant): DeliveryState {
  switch (ending) {
    case 'accepted':
      return { status: 'delivered', attempts: 1 };
    case 'dead':
      return { status: 'dead', attempts: 13 };
    case 'refused':
      return { status: 'waiting', attempts: 1, dueAt: now };
    case 'cut':
      return { status: 'waiting', attempts: 0, dueAt: now };
  }
}

/** Recalls a message, and ends its delivery of a rule; answers its id. */
export async function endOne(world: World, ending: Ending, ruleId = 'r1'): Promise<string> {
  await recallOne(world);
  const id = await claimOne(world, world.clock.now(), ruleId);
  await settleAs(world, id, ending);
  return id;
}

/**
 * Fails attempts of a delivery that is due until its rule is suspended: ten minutes pass. The delivery
 * is due again; answers what the last attempt brought about.
 */
export async function suspendRule(world: World, ruleId = 'r1'): Promise<Settlement> {
  await settleAs(world, await claimOne(world, world.clock.now(), ruleId), 'refused');
  world.clock.advance(limits.suspendAfterMs);
  return settleAs(world, await claimOne(world, world.clock.now(), ruleId), 'refused');
}

export async function healthOf({ ports, app }: World, ruleId = 'r1'): Promise<RuleHealth | undefined> {
  return (await ports.ruleHealths.ofApp(app.no)).get(ruleId);
}

/** When a rule's next attempt may be made; undefined when it has nothing to send, or may not. */
export async function dueAt({ ports }: World, ruleId = 'r1'): Promise<Instant | undefined> {
  const found = (await ports.deliveries.due()).filter((rule) => rule.ruleId === ruleId);
  assert(found.length <= 1, `rule ${ruleId} is due once`);
  return found[0]?.dueAt;
}

export async function stateOf({ ports, app }: World, id: string): Promise<DeliveryState | undefined> {
  return (await ports.deliveryReader.find(app.no, id))?.delivery.state;
}

/** The ids of the app's deliveries of a rule, in the order in which they were planned. */
export async function plannedIds({ ports, app }: World, ruleId = 'r1'): Promise<readonly string[]> {
  const { entities } = await ports.deliveryReader.page({ app: app.no, ruleId, limit: 1000 });
  return entities.map(({ id }) => id).toReversed();
}

/** The deliveries that are waiting, of all rules, in the order in which they were planned. */
export async function waitingIds(world: World): Promise<readonly string[]> {
  const { entities } = await world.ports.deliveryReader.page({ app: world.app.no, limit: 1000 });
  return entities.flatMap(({ id, state }) => (state.status === 'waiting' ? id : [])).toReversed();
}

/** Ends so many deliveries, the first one as dead, the second one delivered, and so on; answers their ids. */
export async function endMany(world: World, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await endOne(world, n % 2 === 0 ? 'dead' : 'accepted'));
  return ids;
}
