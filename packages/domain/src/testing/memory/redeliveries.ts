import { isOver, redeliver } from '../../callback/delivery.js';
import { advanced, selects } from '../../callback/redelivery.js';
import type { RedeliveryJob, RedeliverySelection } from '../../callback/redelivery.js';
import type { AppNo, Instant } from '../../kernel/ids.js';
import { limits } from '../../limits.js';
import type { Redeliveries } from '../../ports/redeliveries.js';
import { ruleRowOf } from './deliveryRows.js';
import { paged } from './paging.js';
import type { DeliveryRow, MemoryState, RedeliveryRow } from './state.js';

export function createMemoryRedeliveries(state: MemoryState): Redeliveries {
  return {
    one: async (app, id, now) => {
      const row = state.deliveries.find((delivery) => delivery.app === app && delivery.id === id);
      if (row === undefined || ruleRowOf(state, row).removed) return 'unknown';
      return queueAgain(row, now) ? 'queued' : 'underway';
    },
    start: async (started) => {
      const running = state.redeliveries.filter((row) => row.job.app === started.app && isOpen(row));
      if (running.length >= limits.redeliveryJobsRunningMax) return 'tooMany';
      const job: RedeliveryJob = { ...started, queued: 0, finishedAt: null };
      const nth = (state.redeliveries.at(-1)?.nth ?? 0) + 1;
      state.redeliveries.push({ nth, job, turn: nextTurn(state), cursor: 0 });
      return job;
    },
    step: async (now, max) => {
      const [row] = state.redeliveries.filter(isOpen).sort((a, b) => a.turn - b.turn);
      if (row === undefined) return { more: false, queued: false };
      row.turn = nextTurn(state);
      const queued = takeStep(state, row, now, max);
      return { more: state.redeliveries.some(isOpen), queued: queued > 0 };
    },
    find: async (app, id) => state.redeliveries.find(({ job }) => job.app === app && job.id === id)?.job,
    page: async ({ app, from, limit }) => {
      const rows = state.redeliveries.filter(({ job }) => job.app === app);
      const { entities, ...rest } = paged(rows, ({ job, nth }) => [-job.createdAt, -nth], from, limit);
      return { entities: entities.map(({ job }) => job), ...rest };
    },
  };
}

function isOpen({ job }: RedeliveryRow): boolean {
  return job.finishedAt === null;
}

function nextTurn(state: MemoryState): number {
  return Math.max(0, ...state.redeliveries.map(({ turn }) => turn)) + 1;
}

/** Looks at the next deliveries of a job; answers how many of them it queued. */
function takeStep(state: MemoryState, row: RedeliveryRow, now: Instant, max: number): number {
  const candidates = candidatesOf(state, row.job.app, row.job.selection, row.cursor);
  const looked = candidates.slice(0, max);
  const queued = looked.flatMap(({ delivery }) => {
    if (delivery === undefined || ruleRowOf(state, delivery).removed) return [];
    const selectable = { ...delivery, ruleId: delivery.rule.id };
    return selects(row.job.selection, selectable) && queueAgain(delivery, now) ? [delivery] : [];
  }).length;
  row.cursor = looked.at(-1)?.cursor ?? row.cursor;
  row.job = advanced(row.job, queued, looked.length === candidates.length ? now : null);
  return queued;
}

interface Candidate {
  /** Where to go on after it. */
  readonly cursor: number;
  /** Undefined for an id that names nothing of the app. */
  readonly delivery: DeliveryRow | undefined;
}

/** What a job has not looked at yet: named ones in the order of their names, others as they were planned. */
function candidatesOf(
  state: MemoryState,
  app: AppNo,
  selection: RedeliverySelection,
  cursor: number,
): readonly Candidate[] {
  const ofApp = state.deliveries.filter((row) => row.app === app);
  const all =
    selection.kind === 'created'
      ? ofApp.map((delivery) => ({ cursor: delivery.nth + 1, delivery }))
      : [...new Set(selection.ids)].map((id, index) => ({
          cursor: index + 1,
          delivery: ofApp.find((row) => row.id === id),
        }));
  return all.filter((candidate) => candidate.cursor > cursor);
}

/**
 * False for one that somebody has in hand. What was over has left its place in its conversation: it
 * goes out beside the others and holds none of them up.
 */
function queueAgain(row: DeliveryRow, now: Instant): boolean {
  const next = redeliver(row.state, now);
  if (next === 'underway') return false;
  if (isOver(row.state)) row.orderKey = null;
  row.state = next;
  return true;
}
