import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { App, Instant, TokenClaims, User } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Failure, JsonSchema, Route } from '../route.js';
import { appOf } from '../route.js';
import { authenticate, bearerToken } from '../server/authenticate.js';
import { isId } from '../server/text.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import type { Replies } from './replies.js';
import { answers, oneOfOrEmpty, textOrEmpty } from './schemas.js';
import { newUserOf, passwordCharsMax, refusalOfUsername, userEntity } from './users.js';

/** Sixty days, seconds (contract A7). */
const ttlDefault = 5_184_000;
/** A hundred years, seconds: what is longer is meant to be permanent, and says so with 0. */
const ttlMax = 3_153_600_000;
/** When a permanent token expires, for SDKs that count down to a time: the end of the year 9999. */
const permanentUntil: Instant = 253_402_300_799_999;

/** Contract A7. `timestamp` and other fields that the SDKs add are ignored. */
const tokenBody: JsonSchema = {
  type: 'object',
  properties: {
    grant_type: textOrEmpty(),
    client_id: textOrEmpty(),
    client_secret: textOrEmpty(),
    username: textOrEmpty(),
    password: textOrEmpty(),
    autoCreateUser: oneOfOrEmpty(true, false),
    ttl: {
      description: 'Seconds, as a number or as its text; 0: permanent; 60 days by default.',
      type: ['integer', 'string', 'null'],
    },
  },
};

/** What fits {@link tokenBody}. */
interface TokenBody {
  readonly grant_type?: string | null;
  readonly client_id?: string | null;
  readonly client_secret?: string | null;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly autoCreateUser?: boolean | '' | null;
  readonly ttl?: number | string | null;
}

export function tokenRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const { tokens, passwords, secretBox, storage, clock } = deps;

  function issue(app: App, subject: TokenClaims['subject'], ttl: number): object {
    const issuedAt = clock.now();
    const expiresAt = ttl === 0 ? null : issuedAt + ttl * 1000;
    return { access_token: tokens.issue(app, { subject, issuedAt, expiresAt }), expires_in: ttl };
  }

  function appToken(app: App, body: TokenBody, ttl: number): object | ErrorRow {
    if (body.client_id !== app.clientId) return errors.clientIdMismatch;
    const secret = secretBox.open(app.sealedClientSecret);
    if (!sameText(body.client_secret ?? '', secret)) return errors.clientSecretMismatch;
    return { ...issue(app, { kind: 'app' }, ttl), application: app.uuid };
  }

  async function userToken(app: App, body: TokenBody, ttl: number): Promise<object | ErrorRow> {
    const { username, password } = body;
    if (!isId(username) || !password || password.length > passwordCharsMax) return errors.passwordMismatch;
    const user = await storage.users.find(app.no, username);
    const right = await passwords.verify(password, user?.passwordHash);
    if (user === undefined) return errors.userNotFound;
    if (!right) return errors.passwordMismatch;
    return issueTo(app, user, ttl);
  }

  function issueTo(app: App, user: User, ttl: number): object | ErrorRow {
    if (!user.activated) return errors.userNotActivated;
    return { ...issue(app, { kind: 'user', user: user.id }, ttl), user: userEntity(user) };
  }

  /** For an app that has authenticated its user by itself: its own token stands in for the password. */
  async function inheritedToken(
    call: Call,
    body: TokenBody,
    ttl: number,
  ): Promise<object | ErrorRow | Failure> {
    const app = appOf(call);
    const { authorization } = call.headers;
    const shown = { authorization, app, username: undefined, now: call.receivedAt };
    const principal = authenticate({ tokens, isRootToken: () => false }, 'app', shown);
    if (typeof principal === 'string') return principal;
    const { username } = body;
    if (!username) return errors.usernameMissing;
    const user = isId(username) ? await storage.users.find(app.no, username) : undefined;
    if (user !== undefined) return issueTo(app, user, ttl);
    if (body.autoCreateUser !== true) return errors.userNotFound;
    const refusal = refusalOfUsername(username);
    if (refusal !== undefined) return refusal;
    // Nobody knows this password: the user logs in by tokens until the app sets one.
    const passwordHash = await passwords.hash(randomBytes(24).toString('base64url'));
    const created = newUserOf(app, { username, passwordHash, nickname: null, now: clock.now() });
    const { taken } = await storage.users.register([created]);
    // Somebody else was first.
    const known = taken.length === 0 ? created : await storage.users.find(app.no, username);
    return known === undefined ? errors.userNotFound : issueTo(app, known, ttl);
  }

  async function token(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const body = call.body as TokenBody;
    const app = appOf(call);
    const ttl = ttlOf(body.ttl ?? ttlDefault);
    if (ttl === undefined) return replies.refused(call, errors.ttlNotLegal);
    let answer: object | ErrorRow | Failure = errors.grantTypeUnknown;
    if (body.grant_type === 'client_credentials') answer = appToken(app, body, ttl);
    else if (body.grant_type === 'password') answer = await userToken(app, body, ttl);
    else if (body.grant_type === 'inherit') answer = await inheritedToken(call, body, ttl);
    if (typeof answer === 'string') return replies.failed(answer, call);
    return isErrorRow(answer) ? replies.refused(call, answer) : { status: 200, body: answer };
  }

  /** Renewing a token, the SDK asks with the new one how long it is good for. */
  function expiry(call: Call): Answer {
    const token = bearerToken(call.headers.authorization ?? '') ?? '';
    const claims = tokens.verify(appOf(call), token, call.receivedAt);
    // Valid until a moment ago: admission has seen it.
    if (typeof claims === 'string') return replies.failed('tokenExpired', call);
    const more = { expire_timestamp: claims.expiresAt ?? permanentUntil };
    return replies.ok(call, { path: '/sdk/users/token/expires', entities: [], more });
  }

  return [
    {
      method: 'POST',
      path: '/{org}/{app}/token',
      operationId: 'createToken',
      summary: 'Issues an app token, or a user token by password or for the app’s own token (inherit)',
      tag: 'Tokens',
      auth: 'none',
      limits: [{ name: 'tokensPerSecond' }],
      body: tokenBody,
      answers: answers(200, 400, 401, 404),
      handle: token,
    },
    {
      method: 'GET',
      path: '/{org}/{app}/sdk/users/{username}/token/expires',
      operationId: 'getTokenExpiry',
      summary: 'Says when the token that is shown expires, as the web SDK asks for it',
      tag: 'Tokens',
      auth: 'appOrUser',
      answers: answers(200, 401, 404),
      handle: expiry,
    },
  ];
}

function isErrorRow(answer: object): answer is ErrorRow {
  return 'error' in answer;
}

/** The lifetime in seconds; the vendor's samples send it as a text. */
function ttlOf(given: number | string): number | undefined {
  const ttl = typeof given === 'number' || /^\d{1,10}$/.test(given) ? Number(given) : -1;
  return ttl >= 0 && ttl <= ttlMax ? ttl : undefined;
}

/** Compares in constant time whatever the lengths are. */
function sameText(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
