import type { RedeliveryJob, RedeliverySelection } from '../../callback/redelivery.js';
import { assert } from '../../kernel/assert.js';
import type { World } from '../world.js';

// What the redelivery worker and its callers do, for the suites of redelivery jobs.

type Created = RedeliverySelection & { readonly kind: 'created' };

/** Everything that is over, until now. */
export function everything({ clock }: World, change: Partial<Created> = {}): Created {
  return {
    kind: 'created',
    since: 0,
    until: clock.now() + 1,
    ruleId: null,
    statuses: ['delivered', 'dead'],
    ...change,
  };
}

export async function start(
  { ports, app, clock }: World,
  selection: RedeliverySelection,
  id = 'job',
): Promise<RedeliveryJob> {
  const job = await ports.redeliveries.start({ id, app: app.no, selection, createdAt: clock.now() });
  assert(job !== 'tooMany', `job ${id} can be started`);
  return job;
}

/** Takes steps until there is no more to do; answers what each one said. */
export async function run({ ports, clock }: World, max: number) {
  const steps: { readonly more: boolean; readonly queued: boolean }[] = [];
  do {
    steps.push(await ports.redeliveries.step(clock.now(), max));
    assert(steps.length < 100, 'a job ends');
  } while (steps.at(-1)?.more === true);
  return steps;
}

export function jobOf({ ports, app }: World, id = 'job'): Promise<RedeliveryJob | undefined> {
  return ports.redeliveries.find(app.no, id);
}
