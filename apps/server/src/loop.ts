import { setImmediate as nextTurn } from 'node:timers/promises';
import { createCommandLoop, isLiveNews, isPublished } from '@recalld/domain';
import type {
  CommandLoop,
  IdSource,
  PlanDeliveries,
  RecordedEvent,
  Signals,
  StoragePorts,
  Topic,
} from '@recalld/domain';

/** The command loop of this process: batches by turns of the event loop, and signals what it committed. */
export function createLoop(
  storage: StoragePorts,
  plan: PlanDeliveries,
  ids: IdSource,
  signals: Signals,
): CommandLoop {
  return createCommandLoop({
    store: storage.commands,
    plan,
    nextCommandId: () => ids.next(),
    nextTurn: () => nextTurn(),
    onCommitted: (recorded, deliveries) => {
      const topics = topicsOf(recorded, deliveries);
      if (topics.length > 0) signals.announce(topics);
    },
  });
}

function topicsOf(recorded: readonly RecordedEvent[], deliveries: number): readonly Topic[] {
  const topics: Topic[] = [];
  if (deliveries > 0) topics.push('deliveriesDue');
  if (recorded.some(({ type }) => type === 'MessageRecalled')) topics.push('attachmentsCondemned');
  if (recorded.some(reachesFeeds)) topics.push('eventsRecorded');
  if (recorded.some(isLiveNews)) topics.push('liveNews');
  return topics;
}

/** A test is no public event, but its callback is published like any other one. */
function reachesFeeds(event: RecordedEvent): boolean {
  return isPublished(event) || event.type === 'CallbackRuleTested';
}
