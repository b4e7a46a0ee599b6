import type { IncomingMessage } from 'node:http';
import type { AccessTokens, Apps, Clock, Log, RateLimits, Users } from '@recalld/domain';
import type { Api, RequestObserver } from '../route.js';
import type { Departures } from './departures.js';
import type { OutageLog } from './outageLog.js';

export interface ServerDeps {
  readonly apps: Apps;
  readonly users: Pick<Users, 'find'>;
  readonly rateLimits: Pick<RateLimits, 'take'>;
  readonly tokens: AccessTokens;
  readonly isRootToken: (token: string) => boolean;
  /** Whom a request comes from: an IP address in one spelling. Never throws. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
  readonly log: Log;
  /** One of them has the prefix `/`. */
  readonly apis: readonly Api[];
  readonly observers: readonly RequestObserver[];
}

/** What the server hands to its own parts. */
export interface ServerParts extends ServerDeps {
  readonly outages: OutageLog;
  readonly departures: Departures;
}
