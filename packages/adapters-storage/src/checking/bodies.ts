import { itemIdOf } from '@recalld/domain';
import type { AppNo, ItemId, Position, RecordedEvent } from '@recalld/domain';
import { createLogReads } from '../rebuild/logReads.js';
import type { Stretch } from '../rebuild/logReads.js';
import { replayItems } from '../rebuild/replay.js';
import type { ReplayedItem } from '../rebuild/replay.js';
import { daysHeld } from '../upkeep/partitions.js';
import { rows } from '../steps.js';
import type { Steps } from '../steps.js';
import { pieceRows, walk } from './check.js';
import type { Check, CheckDeps } from './check.js';
import type { Finding } from './finding.js';
import { readable } from './readable.js';

/** A body that has content: on PostgreSQL ciphertext. */
interface HeldBody {
  readonly app_no: AppNo;
  readonly item_day: number;
  readonly item_id: ItemId;
}

interface Stored {
  readonly bodies: ReadonlyMap<Position, HeldBody>;
  /** Undefined where bodies have no keys. */
  readonly keys: Keys | undefined;
}

interface Keys {
  readonly found: ReadonlySet<Position>;
  /** Whether the keys of a day are kept in a partition. */
  readonly areOfDay: (day: number) => boolean;
}

/** Every message that may still be read has its body, and nothing else has one. */
export const bodies: Check = {
  name: 'bodies',
  run(deps) {
    const { reads, horizon, now } = deps;
    const log = createLogReads(reads);

    function* look(after: Position) {
      const stretch = yield* log.next(after, horizon, pieceRows);
      const { through } = stretch;
      const streams = readable(yield* log.streamsIn(stretch));
      const items = replayItems(streams.events);
      const stored = yield* storedIn(deps, stretch);
      const unknown = new Set(stretch.events.filter(streams.isBroken).map(({ position }) => position));
      const events = streams.events.filter(({ position }) => position > after && position <= through);
      const findings = [
        ...events.flatMap((event) => lookAtMessage(event, items.get(event.position), stored, now)),
        ...lookAtBodies(new Map(events.map((event) => [event.position, event])), stored, unknown),
        ...lookAtKeys(items, stored, now),
      ];
      return { findings, looked: stored.bodies.size, next: through < horizon ? through : undefined };
    }

    return walk(deps, 0, (after) => reads.read(() => look(after)));
  },
};

function* storedIn({ reads: { db }, kind }: CheckDeps, { after, through }: Stretch): Steps<Stored> {
  const stored = yield* rows(
    db
      .selectFrom('bodies')
      .select(['position', 'app_no', 'item_id', 'item_day', (e) => e('payload', 'is', null).as('erased')])
      .where('position', '>', after)
      .where('position', '<=', through),
  );
  const held = stored.filter(({ erased }) => !erased);
  const found = new Map(held.map((body) => [body.position, body]));
  if (kind === 'sqlite') return { bodies: found, keys: undefined };
  // Days that are not named are not locked: there are many tables of keys.
  const days = new Set(stored.map((body) => body.item_day));
  const keys = yield* rows(
    db
      .selectFrom('body_keys')
      .select('position')
      .where('position', '>', after)
      .where('position', '<=', through)
      .where('item_day', 'in', [0, ...days]),
  );
  return {
    bodies: found,
    keys: { found: new Set(keys.map(({ position }) => position)), areOfDay: yield* daysHeld('body_keys') },
  };
}

/** A message that is over has no body; one that has not expired has its own. */
function lookAtMessage(
  event: RecordedEvent,
  item: ReplayedItem | undefined,
  { bodies: held }: Stored,
  now: number,
): readonly Finding[] {
  if (event.type !== 'MessageSent' || item === undefined) return [];
  const { app, position } = event;
  const about = { message: event.data.msgId, position };
  const { state, expires_at: expiresAt } = item.row;
  if (state !== 'live') return held.has(position) ? [{ kind: 'bodyLeft', app, about }] : [];
  const isDue = expiresAt === null || expiresAt > now;
  return isDue && !held.has(position) ? [{ kind: 'bodyMissing', app, about }] : [];
}

/** `unknown`: where events stand that another check tells of. */
function lookAtBodies(
  events: ReadonlyMap<Position, RecordedEvent>,
  { bodies: held }: Stored,
  unknown: ReadonlySet<Position>,
): readonly Finding[] {
  return [...held].flatMap(([position, { app_no: app, item_id: item }]) => {
    const event = events.get(position);
    const isItsOwn = event !== undefined && event.app === app && itemIdOf(event) === item;
    return isItsOwn || unknown.has(position)
      ? []
      : { kind: 'bodyWithoutEvent', app, about: { item, position } };
  });
}

/** Keys go before the bodies, when all messages of their day have expired. */
function lookAtKeys(
  items: ReadonlyMap<Position, ReplayedItem>,
  { bodies: held, keys }: Stored,
  now: number,
): readonly Finding[] {
  if (keys === undefined) return [];
  const isOver = (position: Position, day: number): boolean => {
    const row = items.get(position)?.row;
    return row?.kind === 'message' ? row.expires_at !== null && row.expires_at <= now : !keys.areOfDay(day);
  };
  const closed = [...held].filter(
    ([position, { item_day: day }]) => !keys.found.has(position) && !isOver(position, day),
  );
  return [
    ...closed.map(([position, { app_no: app, item_id: item }]): Finding => ({
      kind: 'bodyWithoutKey',
      app,
      about: { item, position },
    })),
    ...[...keys.found]
      .filter((position) => !held.has(position))
      .map((position): Finding => ({ kind: 'keyWithoutBody', app: null, about: { position } })),
  ];
}
