import type { ChatKey, User } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { endSessions } from './endSessions.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers, textOrEmpty } from './schemas.js';
import { refusalOfPassword, userEntity } from './users.js';

const passwordBody: JsonSchema = {
  type: 'object',
  description: 'newpassword is required.',
  properties: { newpassword: textOrEmpty() },
};

const chatKinds: readonly ChatKey['kind'][] = ['groupchat', 'chatroom'];

/** What changes a user so that its sessions end: first the change, then the word to the sessions. */
export function userChangeRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  const { storage, passwords, clock } = deps;

  /** A removed user's own groups and rooms go with it, as the vendor has it; others it leaves. */
  async function leaveChats(call: Call): Promise<void> {
    const app = appOf(call).no;
    const user = param(call, 'username');
    for (const kind of chatKinds) {
      for (const { key, owner } of await storage.chatReader.joined(app, user, kind)) {
        if (owner === user) await storage.chats.remove(app, key);
        else await storage.chats.removeMembers(app, key, [user]);
      }
    }
  }

  /**
   * The user first, and with it its tokens; then what else is left of it, also when an earlier call was
   * cut off before that: who calls again ends it.
   */
  async function remove(call: Call): Promise<Answer> {
    const user = param(call, 'username');
    const removed = await storage.users.remove(appOf(call).no, user);
    await endSessions(deps, call, { user, device: null, reason: 'removed' });
    await leaveChats(call);
    if (removed === undefined) return replies.refused(call, errors.resourceNotFound);
    return replies.ok(call, { path: '/users', entities: [userEntity(removed)] });
  }

  async function change(
    call: Call,
    what: Partial<Pick<User, 'passwordHash' | 'activated'>>,
  ): Promise<User | undefined> {
    return storage.users.change(appOf(call).no, param(call, 'username'), {
      ...what,
      modifiedAt: clock.now(),
    });
  }

  async function setPassword(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const { newpassword } = call.body as { readonly newpassword?: string | null };
    const refusal = refusalOfPassword(newpassword ?? '');
    if (refusal !== undefined) return replies.refused(call, refusal);
    const changed = await change(call, { passwordHash: await passwords.hash(newpassword ?? '') });
    if (changed === undefined) return replies.refused(call, errors.resourceNotFound);
    await endSessions(deps, call, { user: changed.id, device: null, reason: 'passwordChanged' });
    return replies.ok(call, { path: '/users/password', action: 'set user password' });
  }

  async function deactivate(call: Call): Promise<Answer> {
    const changed = await change(call, { activated: false });
    if (changed === undefined) return replies.refused(call, errors.resourceNotFound);
    await endSessions(deps, call, { user: changed.id, device: null, reason: 'deactivated' });
    return replies.ok(call, { path: '/users', entities: [userEntity(changed)], action: 'Deactivate user' });
  }

  async function activate(call: Call): Promise<Answer> {
    const changed = await change(call, { activated: true });
    if (changed === undefined) return replies.refused(call, errors.resourceNotFound);
    return replies.ok(call, { path: '/users', entities: [userEntity(changed)], action: 'activate user' });
  }

  const path = '/{org}/{app}/users/{username}';
  const row = { tag: 'Users', auth: 'app', answers: answers(200, 401, 404) } as const;
  return [
    {
      ...row,
      method: 'DELETE',
      path,
      operationId: 'deleteUser',
      summary: 'Removes a user with its own groups and rooms, and ends its sessions',
      handle: remove,
    },
    {
      ...row,
      method: 'PUT',
      path: `${path}/password`,
      operationId: 'setUserPassword',
      summary: 'Sets a user’s password and ends its sessions',
      body: passwordBody,
      answers: answers(200, 400, 401, 404),
      handle: setPassword,
    },
    {
      ...row,
      method: 'POST',
      path: `${path}/deactivate`,
      operationId: 'deactivateUser',
      summary: 'Ends a user’s sessions and refuses new ones',
      handle: deactivate,
    },
    {
      ...row,
      method: 'POST',
      path: `${path}/activate`,
      operationId: 'activateUser',
      summary: 'Lets a deactivated user in again',
      handle: activate,
    },
  ];
}
