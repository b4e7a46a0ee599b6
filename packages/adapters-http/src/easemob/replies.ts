import type { Clock } from '@recalld/domain';
import type { HttpSettings } from '../deps.js';
import type { Call, Failure, JsonAnswer, RequestFacts } from '../route.js';
import { appOf } from '../route.js';
import { errors, exceptionOf, failureRows } from './errors.js';
import type { ErrorRow } from './errors.js';

/** What one call's success envelope carries besides the common fields (contract A1). */
export interface Success {
  /** The resource without org, app and user name. */
  readonly path: string;
  readonly entities?: readonly unknown[];
  readonly data?: unknown;
  /** The vendor's word for what was done, where it is not the method. */
  readonly action?: string;
  /** Fields after the common ones: `count`, `cursor`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Puts the vendor's two envelopes around answers. */
export interface Replies {
  readonly ok: (call: Call, what: Success) => JsonAnswer;
  readonly refused: (facts: RequestFacts, row: ErrorRow) => JsonAnswer;
  readonly failed: (failure: Failure, facts: RequestFacts) => JsonAnswer;
}

const hostForm = /^(?=.{1,255}$)(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;
const retryLater = { 'retry-after': '1' };

export function createReplies(deps: { readonly clock: Clock; readonly settings: HttpSettings }): Replies {
  const { clock, settings } = deps;

  function refused(facts: RequestFacts, { status, error, description }: ErrorRow): JsonAnswer {
    const timestamp = clock.now();
    const body = {
      error,
      exception: exceptionOf(error),
      timestamp,
      duration: Math.max(0, timestamp - facts.receivedAt),
      error_description: description,
    };
    return status === 503 ? { status, headers: retryLater, body } : { status, body };
  }

  return {
    ok(call, { path, entities, data, action = call.method.toLowerCase(), more }) {
      const app = appOf(call);
      const timestamp = clock.now();
      // Fields stand in the order of the seed's samples; JSON leaves out what is undefined.
      const body = {
        path,
        uri: (settings.publicUrl ?? originOf(call)) + call.path,
        timestamp,
        organization: app.org,
        application: app.uuid,
        entities,
        action,
        data,
        duration: Math.max(0, timestamp - call.receivedAt),
        applicationName: app.name,
        ...more,
      };
      return { status: 200, body };
    },
    refused,
    failed(failure, facts) {
      return refused(facts, failure === 'unknownApp' ? unknownApp(facts) : failureRows[failure]);
    },
  };
}

function unknownApp({ path }: RequestFacts): ErrorRow {
  const [, org = '', app = '', ...rest] = path.split('/');
  return errors.appNotFound(org, app, rest.join('/'));
}

/** Scheme and host as the caller used them; a host that is none is not repeated. */
function originOf({ headers }: RequestFacts): string {
  const forwarded = headers['x-forwarded-proto'];
  const scheme = forwarded === 'https' ? 'https' : 'http';
  const { host } = headers;
  return `${scheme}://${host !== undefined && hostForm.test(host) ? host : 'localhost'}`;
}
