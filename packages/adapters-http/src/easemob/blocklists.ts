import { limits } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isId } from '../server/text.js';
import { manyUsers } from './chatMembers.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';
import { userEntity } from './users.js';

const path = '/users/blocks/users';

/** Whose messages a user does not want: their clients may not send to it. Both spellings, the vendor's server's and its SDKs'. */
export function blocklistRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const { storage, clock } = deps;
  const scopeOf = (call: Call) => ({ by: 'user', user: param(call, 'username') }) as const;
  // The row's schema has been enforced.
  const namesOf = ({ body }: Call) => (body as { readonly usernames: readonly string[] }).usernames;

  async function list(call: Call): Promise<Answer> {
    const blocked = await storage.restraints.list(appOf(call).no, scopeOf(call), clock.now());
    const data = blocked.map(({ user }) => user);
    return replies.ok(call, { path, entities: [], data, more: { count: data.length } });
  }

  async function block(call: Call): Promise<Answer> {
    const users = namesOf(call);
    if (!users.every(isId)) return replies.refused(call, errors.invalidBody);
    const how = { until: null, now: clock.now(), most: limits.blockedUsersMax };
    const done = await storage.restraints.impose(appOf(call).no, scopeOf(call), users, how);
    if (done === 'full') return replies.refused(call, errors.blocklistFull);
    return replies.ok(call, { path, entities: [], data: users });
  }

  async function unblock(call: Call): Promise<Answer> {
    const users = namesOf(call);
    if (!users.every(isId)) return replies.refused(call, errors.invalidBody);
    await storage.restraints.lift(appOf(call).no, scopeOf(call), users);
    return replies.ok(call, { path, entities: [], data: users });
  }

  async function unblockOne(call: Call): Promise<Answer> {
    const other = param(call, 'other');
    const app = appOf(call).no;
    await storage.restraints.lift(app, scopeOf(call), [other]);
    const user = await storage.users.find(app, other);
    return replies.ok(call, { path, entities: user === undefined ? [] : [userEntity(user)] });
  }

  const row = { tag: 'Users', auth: 'appOrUser', answers: answers(200, 400, 401, 403, 404) } as const;
  const ofUser = '/{org}/{app}/users/{username}/blocks/users';
  const ofSdk = '/{org}/{app}/sdk/user/{username}/blocks';
  const blocking = {
    ...row,
    method: 'POST',
    summary: `Blocks users, ${limits.blockedUsersMax} at most`,
    body: manyUsers,
    handle: block,
  } as const;
  return [
    {
      ...row,
      method: 'GET',
      path: ofUser,
      operationId: 'listBlockedUsers',
      summary: 'Lists whom a user has blocked, the last one first',
      handle: list,
    },
    { ...blocking, path: ofUser, operationId: 'blockUsers' },
    { ...blocking, path: ofSdk, operationId: 'blockUsersAsSdk' },
    {
      ...row,
      method: 'DELETE',
      path: `${ofUser}/{other}`,
      operationId: 'unblockUser',
      summary: 'Ends a block',
      handle: unblockOne,
    },
    {
      ...row,
      method: 'DELETE',
      path: ofSdk,
      operationId: 'unblockUsersAsSdk',
      summary: 'Ends blocks, as the web SDKs ask for it',
      body: manyUsers,
      handle: unblock,
    },
  ];
}
