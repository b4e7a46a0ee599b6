import type { Position, TimelineCursor, TimelineId } from '@recalld/domain';
import { sql } from 'kysely';
import type { Reads } from '../engines/database.js';
import { each, together } from '../steps.js';
import type { Steps } from '../steps.js';

interface Timeline {
  readonly no: number;
  readonly timeline: TimelineId;
  readonly head: number;
  readonly messages: number;
}

/** A timeline that grew, and where it stood before; `first`: the position in the log of what came first. */
export interface Grown extends TimelineCursor {
  readonly no: number;
  readonly timeline: TimelineId;
  readonly first: Position;
}

/** An item that stands at or behind a place: a MsgSeq among messages, a position among notices. */
interface Probed {
  readonly no: number;
  readonly position: number;
  readonly event_position: Position;
}

/** A search between a place that is not too far and one that is. */
interface Search {
  readonly no: number;
  low: number;
  high: number;
  /** What stands at `high`, once somebody has looked. */
  found: Probed | undefined;
}

/**
 * Finds where timelines stood when the log was at a position, by halving: positions of the log grow
 * along each timeline. All searches go on together, so that a server is asked a few times only.
 */
export function createFirstAfter(
  reads: Reads,
): (timelines: readonly Timeline[], after: Position) => Steps<readonly Grown[]> {
  const { message, notice } = compileProbes(reads);

  return function* firstAfter(timelines, after) {
    const messages = timelines.map(({ no, messages: last }) => searchThrough(no, last));
    const notices = timelines.map(({ no, head }) => searchThrough(no, head));
    for (;;) {
      const [open, openNotices] = [messages.filter(isOpen), notices.filter(isOpen)];
      if (open.length === 0 && openNotices.length === 0) break;
      const [seen, seenNotices] = yield* together(
        each(message, open.map(middleOf)),
        each(notice, openNotices.map(middleOf)),
      );
      narrow(open, seen, after);
      narrow(openNotices, seenNotices, after);
    }
    return timelines.flatMap(({ no, timeline }, n) => {
      const found = [messages[n]?.found, notices[n]?.found].filter((probed) => probed !== undefined);
      if (found.length === 0) return [];
      return {
        no,
        timeline,
        first: Math.min(...found.map(({ event_position: position }) => position)),
        position: Math.min(...found.map(({ position }) => position)) - 1,
        messages: messages[n]?.low ?? 0,
      };
    });
  };
}

function compileProbes({ db, statements }: Reads) {
  const kinds = { no: 'whole', place: 'whole' } as const;
  const items = () =>
    db
      .selectFrom('timeline_items as i')
      .select(['i.timeline_no as no', 'i.position', 'i.event_position'])
      .limit(sql.lit(1));
  return {
    message: statements.select<{ no: number; place: number }>(kinds)(({ no, place }) =>
      items()
        .where('i.timeline_no', '=', no)
        .where(sql`i.kind`, '=', sql.lit('message'))
        .where('i.message_seq', '>=', place)
        .orderBy('i.message_seq'),
    ),
    notice: statements.select<{ no: number; place: number }>(kinds)(({ no, place }) =>
      items()
        .where('i.timeline_no', '=', no)
        .where(sql`i.kind`, '<>', sql.lit('message'))
        .where('i.position', '>=', place)
        .orderBy('i.position'),
    ),
  };
}

const searchThrough = (no: number, last: number): Search => ({
  no,
  low: 0,
  high: last + 1,
  found: undefined,
});

const isOpen = ({ low, high }: Search): boolean => high - low > 1;

function middleOf({ no, low, high }: Search) {
  return { no, place: Math.floor((low + high) / 2) };
}

/** Where nothing stands any more, the place is too far too. */
function narrow(searches: readonly Search[], seen: readonly Probed[], after: Position): void {
  const byNo = new Map(seen.map((probed) => [probed.no, probed]));
  for (const search of searches) {
    const { place } = middleOf(search);
    const probed = byNo.get(search.no);
    if (probed !== undefined && probed.event_position <= after) search.low = place;
    else {
      search.high = place;
      search.found = probed ?? search.found;
    }
  }
}
