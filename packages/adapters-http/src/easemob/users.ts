import { randomUUID } from 'node:crypto';
import { limits } from '@recalld/domain';
import type { App, Instant, User, UserId } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isCleanText } from '../server/text.js';
import { errors } from './errors.js';
import type { ErrorRow } from './errors.js';
import type { Replies } from './replies.js';
import { answers, textOrEmpty } from './schemas.js';

// Contract A8.
export const passwordCharsMax = 64;
const nicknameCharsMax = 100;
const usersPerCallMax = 60;
const usernameForm = /^[a-z0-9_.-]+$/;

const newUser: JsonSchema = {
  type: 'object',
  properties: { username: textOrEmpty(), password: textOrEmpty(), nickname: textOrEmpty() },
};

/** What fits {@link newUser}. */
interface NewUser {
  readonly username?: string | null;
  readonly password?: string | null;
  readonly nickname?: string | null;
}

/** A user as the vendor's answers show one. */
export function userEntity(user: User): object {
  const { uuid, createdAt, modifiedAt, id, activated, nickname } = user;
  const entity = { uuid, type: 'user', created: createdAt, modified: modifiedAt, username: id, activated };
  return nickname === null ? entity : { ...entity, nickname };
}

/** A user as it is registered. */
export function newUserOf(
  app: App,
  profile: {
    readonly username: UserId;
    readonly passwordHash: string;
    readonly nickname: string | null;
    readonly now: Instant;
  },
): User {
  const { username, passwordHash, nickname, now } = profile;
  const names = { id: username, uuid: randomUUID(), nickname };
  return { app: app.no, ...names, passwordHash, activated: true, createdAt: now, modifiedAt: now };
}

export function userRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const { storage, passwords, clock } = deps;

  async function register(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const body = call.body as NewUser | readonly NewUser[];
    const asked = 'map' in body ? body : [body];
    const refusal = refusalOf(asked);
    if (refusal !== undefined) return replies.refused(call, refusal);
    const now = clock.now();
    const users = await Promise.all(
      asked.map(async ({ username, password, nickname }): Promise<User> => {
        const passwordHash = await passwords.hash(password ?? '');
        const profile = { username: username ?? '', passwordHash, nickname: nickname || null, now };
        return newUserOf(appOf(call), profile);
      }),
    );
    const { taken } = await storage.users.register(users);
    const [first] = taken;
    if (first !== undefined) return replies.refused(call, errors.usernameTaken(first));
    return replies.ok(call, { path: '/users', entities: users.map(userEntity) });
  }

  async function get(call: Call): Promise<Answer> {
    const user = await storage.users.find(appOf(call).no, param(call, 'username'));
    if (user === undefined) return replies.refused(call, errors.resourceNotFound);
    return replies.ok(call, { path: '/users', entities: [userEntity(user)], more: { count: 1 } });
  }

  return [
    {
      method: 'POST',
      path: '/{org}/{app}/users',
      operationId: 'registerUsers',
      summary: 'Registers one user or up to 60, all or none',
      tag: 'Users',
      auth: 'app',
      body: { oneOf: [newUser, { type: 'array', items: newUser, minItems: 1 }] },
      answers: answers(200, 400, 401, 404),
      handle: register,
    },
    {
      method: 'GET',
      path: '/{org}/{app}/users/{username}',
      operationId: 'getUser',
      summary: 'Shows a user',
      tag: 'Users',
      auth: 'appOrUser',
      answers: answers(200, 401, 404),
      handle: get,
    },
  ];
}

function refusalOf(asked: readonly NewUser[]): ErrorRow | undefined {
  if (asked.length > usersPerCallMax) return errors.tooManyUsers(usersPerCallMax);
  const seen = new Set<string>();
  for (const user of asked) {
    const refusal = refusalOfOne(user);
    if (refusal !== undefined) return refusal;
    const name = user.username ?? '';
    if (seen.has(name)) return errors.usernameTaken(name);
    seen.add(name);
  }
  return undefined;
}

/** Why nobody can have such a name. */
export function refusalOfUsername(username: string): ErrorRow | undefined {
  if (username === '') return errors.usernameMissing;
  if (username.length > limits.idBytesMax) return errors.usernameTooLong;
  return usernameForm.test(username) ? undefined : errors.usernameNotLegal(username);
}

/** Why nobody can have such a password. */
export function refusalOfPassword(password: string): ErrorRow | undefined {
  if (password === '') return errors.passwordMissing;
  return password.length > passwordCharsMax ? errors.passwordNotLegal : undefined;
}

function refusalOfOne({ username, password, nickname }: NewUser): ErrorRow | undefined {
  const refusal = refusalOfUsername(username ?? '') ?? refusalOfPassword(password ?? '');
  if (refusal !== undefined) return refusal;
  if (nickname && (!isCleanText(nickname) || nickname.length > nicknameCharsMax)) {
    return errors.nicknameNotLegal;
  }
  return undefined;
}
