import { createHash, timingSafeEqual } from 'node:crypto';
import type { App, TokenClaims } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf } from '../route.js';
import { isId } from '../server/text.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import type { Replies } from './replies.js';
import { answers, textOrEmpty } from './schemas.js';
import { passwordCharsMax, userEntity } from './users.js';

/** Sixty days, seconds (contract A7). */
const ttlDefault = 5_184_000;
/** A hundred years, seconds: what is longer is meant to be permanent, and says so with 0. */
const ttlMax = 3_153_600_000;

/** Contract A7. `timestamp` and other fields that the SDKs add are ignored. */
const tokenBody: JsonSchema = {
  type: 'object',
  properties: {
    grant_type: textOrEmpty(),
    client_id: textOrEmpty(),
    client_secret: textOrEmpty(),
    username: textOrEmpty(),
    password: textOrEmpty(),
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
    if (!user.activated) return errors.userNotActivated;
    return { ...issue(app, { kind: 'user', user: user.id }, ttl), user: userEntity(user) };
  }

  async function token(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const body = call.body as TokenBody;
    const app = appOf(call);
    const ttl = ttlOf(body.ttl ?? ttlDefault);
    if (ttl === undefined) return replies.refused(call, errors.ttlNotLegal);
    let answer: object | ErrorRow = errors.grantTypeUnknown;
    if (body.grant_type === 'client_credentials') answer = appToken(app, body, ttl);
    else if (body.grant_type === 'password') answer = await userToken(app, body, ttl);
    return isErrorRow(answer) ? replies.refused(call, answer) : { status: 200, body: answer };
  }

  return [
    {
      method: 'POST',
      path: '/{org}/{app}/token',
      operationId: 'createToken',
      summary: 'Issues an app token, or a user token by password',
      tag: 'Tokens',
      auth: 'none',
      limits: [{ name: 'tokensPerSecond' }],
      body: tokenBody,
      answers: answers(200, 400, 404),
      handle: token,
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
