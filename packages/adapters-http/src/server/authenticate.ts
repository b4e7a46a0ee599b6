import type { AccessTokens, App, Instant } from '@recalld/domain';
import type { Auth, Failure, Principal } from '../route.js';

export interface Authenticator {
  readonly tokens: AccessTokens;
  readonly isRootToken: (token: string) => boolean;
}

/** What a request shows of itself. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly app: App | undefined;
  /** The user whom the path names. */
  readonly username: string | undefined;
  readonly now: Instant;
}

const nobody: Principal = { kind: 'nobody' };
const root: Principal = { kind: 'root' };
const appItself: Principal = { kind: 'app' };
/** Tokens are printable ASCII; spaces are part of one, except at its ends. Node bounds the header's size. */
const bearer = /^Bearer +([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?) *$/i;

/** The token of an Authorization header; undefined when it holds none. */
export function bearerToken(authorization: string): string | undefined {
  return bearer.exec(authorization)?.[1];
}

/** Whom the token speaks for, or why this caller may not use a row with such `auth`. */
export function authenticate(deps: Authenticator, auth: Auth, shown: Credentials): Principal | Failure {
  if (auth === 'none') return nobody;
  if (shown.authorization === undefined || shown.authorization === '') return 'tokenMissing';
  const token = bearerToken(shown.authorization);
  if (token === undefined) return 'tokenCorrupt';
  switch (auth) {
    case 'root':
      return deps.isRootToken(token) ? root : 'tokenCorrupt';
    case 'rootOrApp':
      return deps.isRootToken(token) ? root : byAppToken(deps, auth, token, shown);
    case 'app':
    case 'appOrUser':
    case 'appOrAnyUser':
      return byAppToken(deps, auth, token, shown);
  }
}

function byAppToken(deps: Authenticator, auth: Auth, token: string, shown: Credentials): Principal | Failure {
  // An operator's row without an app in its path, or with an unknown one, knows no app tokens.
  if (shown.app === undefined) return 'tokenCorrupt';
  const claims = deps.tokens.verify(shown.app, token, shown.now);
  if (claims === 'expired') return 'tokenExpired';
  if (claims === 'corrupt') return 'tokenCorrupt';
  const { subject, issuedAt } = claims;
  if (subject.kind === 'app') return appItself;
  const permitted = auth === 'appOrAnyUser' || (auth === 'appOrUser' && subject.user === shown.username);
  return permitted ? { kind: 'user', user: subject.user, tokenIssuedAt: issuedAt } : 'notPermitted';
}
