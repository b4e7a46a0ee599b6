import type {
  CallbackRequests,
  CallbackRule,
  Clock,
  Instant,
  SecretBox,
  TimelineReader,
} from '@recalld/domain';
import { dialectOf } from './dialects/dialects.js';
import { rememberSecrets } from './secretMemory.js';

/** Secrets of this many rules stay opened. */
const openedSecretsMax = 1_024;

export interface CallbackRequestsDeps {
  readonly box: SecretBox;
  /** The `host` of easemob callbacks: the name that this server goes by. */
  readonly hostName: string;
  /** Counts somebody's unread one-to-one messages. */
  readonly unread: TimelineReader['unreadOneToOne'];
  readonly clock: Clock;
}

/** Requests are rendered for each attempt and for display, under the rule and the time of that moment. */
export function createCallbackRequests(deps: CallbackRequestsDeps): CallbackRequests {
  const { box, hostName, unread, clock } = deps;
  const open = rememberSecrets(box, openedSecretsMax);
  return {
    render: async ({ app, rule, events }) => {
      const dialect = dialectOf(rule);
      const reader = dialect.unreadOf(events);
      const count = reader === undefined ? 0 : await unread(app.no, reader, clock.now());
      const now = clock.now();
      const secrets = openedSecrets(rule, now, open);
      return dialect.render({ app, rule, ...secrets, events, hostName, unread: count }, now);
    },
    callId: ({ app, rule, events }) => dialectOf(rule).callId({ app, events }),
  };
}

function openedSecrets(
  { sealedSecret, previousSecret }: CallbackRule,
  now: Instant,
  open: (sealed: string) => string,
) {
  const overlaps = previousSecret !== null && previousSecret.until > now;
  return {
    secret: sealedSecret === null ? null : open(sealedSecret),
    previousSecret: overlaps ? open(previousSecret.sealed) : null,
  };
}
