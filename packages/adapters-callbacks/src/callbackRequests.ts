import type { CallbackRequests, Clock, SecretBox, TimelineReader } from '@recalld/domain';
import { dialectOf } from './dialects/dialects.js';

export interface CallbackRequestsDeps {
  readonly box: SecretBox;
  /** The `host` of easemob callbacks: the name that this server goes by. */
  readonly hostName: string;
  /** Counts somebody's unread one-to-one messages. */
  readonly unread: TimelineReader['unreadOneToOne'];
  readonly clock: Clock;
}

/** Requests are rendered for each attempt and for display; only then is a rule's secret opened. */
export function createCallbackRequests(deps: CallbackRequestsDeps): CallbackRequests {
  const { box, hostName, unread, clock } = deps;
  return {
    render: async ({ app, rule, events }) => {
      const dialect = dialectOf(rule);
      const reader = dialect.unreadOf(events);
      const count = reader === undefined ? 0 : await unread(app.no, reader, clock.now());
      const secret = rule.sealedSecret === null ? null : box.open(rule.sealedSecret);
      return dialect.render({ app, rule, secret, events, hostName, unread: count }, clock.now());
    },
    callId: ({ app, rule, events }) => dialectOf(rule).callId({ app, events }),
  };
}
