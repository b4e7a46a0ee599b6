import { belongingOf, parseTimeline } from '@recalld/domain';
import type { AppNo, MembershipSpan, Position, Sight, TimelineId, UserId } from '@recalld/domain';
import type { Reads } from '../engines/database.js';
import type { ConversationsTable } from '../schema.js';
import { each } from '../steps.js';
import type { Each } from '../steps.js';
import { deletionColumns, deletionsOf } from '../watermarks.js';

/** Whose sight of which timeline. */
export interface Look {
  readonly app: AppNo;
  readonly user: UserId;
  readonly timeline: TimelineId;
}

/** A membership, and how many messages came before it, as far as that was counted. */
export interface CountedSpan extends MembershipSpan {
  readonly fromMessages: number;
}

export interface CountedSight extends Sight {
  readonly spans: readonly CountedSpan[] | 'everything';
}

interface SpanRow {
  readonly timeline: TimelineId;
  readonly from_position: number;
  readonly from_messages: number;
  readonly through_position: number | null;
}

type WatermarkRow = Pick<ConversationsTable, 'timeline' | (typeof deletionColumns)[number]>;

interface FormerRow {
  readonly user: UserId;
  readonly through: Position;
}

/** What a user may see of some timelines: three requests, which do not depend on each other. */
export interface Sights {
  spans(looks: readonly Look[]): Each<SpanRow>;
  watermarks(looks: readonly Look[]): Each<WatermarkRow>;
  former(whose: Pick<Look, 'app' | 'user'>): Each<FormerRow>;
}

const kinds = { app: 'whole', user: 'text', timeline: 'text' } as const;

export function createSights({ db, statements }: Reads): Sights {
  const spans = statements.select<Look>(kinds)(({ app, user, timeline }) =>
    db
      .selectFrom('members')
      .select(['timeline', 'from_position', 'from_messages', 'through_position'])
      .where('app_no', '=', app)
      .where('user', '=', user)
      .where('timeline', '=', timeline),
  );
  const watermarks = statements.select<Look>(kinds)(({ app, user, timeline }) =>
    db
      .selectFrom('conversations')
      .select(['timeline', ...deletionColumns])
      .where('app_no', '=', app)
      .where('user', '=', user)
      .where('timeline', '=', timeline),
  );
  const former = statements.select<Pick<Look, 'app' | 'user'>>({ app: 'whole', user: 'text' })(
    ({ app, user }) =>
      db
        .selectFrom('former_users')
        .select(['user', 'through'])
        .where('app_no', '=', app)
        .where('user', '=', user),
  );
  return {
    former: (whose) => each(former, [whose]),
    spans: (looks) => each(spans, looks.filter(isMembers)),
    watermarks: (looks) => each(watermarks, looks.filter(hasConversation)),
  };
}

const isMembers = ({ timeline, user }: Look): boolean => typeof belongingOf(timeline, user) === 'object';

function hasConversation({ timeline }: Look): boolean {
  return parseTimeline(timeline).kind !== 'user';
}

/** The sight of one of the timelines that were asked for. */
export function sightOf(
  { user, timeline }: Look,
  spans: readonly SpanRow[],
  watermarks: readonly WatermarkRow[],
  [former]: readonly FormerRow[],
): CountedSight {
  const marks = watermarks.find((row) => row.timeline === timeline);
  return {
    spans: spansOf(
      belongingOf(timeline, user),
      spans.filter((row) => row.timeline === timeline),
    ),
    formerThrough: former?.through ?? 0,
    ...deletionsOf(marks),
  };
}

function spansOf(
  belonging: ReturnType<typeof belongingOf>,
  spans: readonly SpanRow[],
): CountedSight['spans'] {
  if (belonging === 'everything') return belonging;
  if (belonging === 'nothing') return [];
  return spans.map(({ from_position: from, from_messages: fromMessages, through_position: through }) => ({
    from,
    fromMessages,
    through,
  }));
}
