import type { AppNo, DeviceView, UserId } from '@recalld/domain';
import type { HttpDeps } from '../deps.js';
import type { Answer, Call, JsonSchema, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { isDeviceId, isId } from '../server/text.js';
import { endSessions } from './endSessions.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Users whose status one call may ask for, as the vendor has it. */
const usersPerCallMax = 100;

const manyUsers: JsonSchema = {
  type: 'object',
  required: ['usernames'],
  properties: {
    usernames: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: usersPerCallMax },
  },
};

const path = '/{org}/{app}/users/{username}';
const row = { tag: 'Users', auth: 'app', answers: answers(200, 401, 404) } as const;

/** Which of a user's devices are connected, and putting them out. */
export function userDeviceRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  return [...disconnectRoutes(deps, replies), ...statusRoutes(deps, replies)];
}

async function isKnown({ storage }: HttpDeps, call: Call): Promise<boolean> {
  return (await storage.users.find(appOf(call).no, param(call, 'username'))) !== undefined;
}

function disconnectRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function disconnect(call: Call): Promise<Answer> {
    if (!(await isKnown(deps, call))) return replies.refused(call, errors.resourceNotFound);
    await endSessions(deps, call, { user: param(call, 'username'), device: null, reason: 'kicked' });
    return replies.ok(call, { path: '/users/disconnect', entities: [], data: { result: true } });
  }

  async function disconnectDevice(call: Call): Promise<Answer> {
    const device = param(call, 'resource');
    if (!isDeviceId(device)) return replies.refused(call, errors.invalidRequest);
    if (!(await isKnown(deps, call))) return replies.refused(call, errors.resourceNotFound);
    await endSessions(deps, call, { user: param(call, 'username'), device, reason: 'kicked' });
    return replies.ok(call, { path: '/users/disconnect', entities: [], data: { result: true } });
  }

  return [
    {
      ...row,
      method: 'GET',
      path: `${path}/disconnect`,
      operationId: 'disconnectUser',
      summary: 'Ends the sessions of all of a user’s devices',
      handle: disconnect,
    },
    {
      ...row,
      method: 'DELETE',
      path: `${path}/disconnect/{resource}`,
      operationId: 'disconnectDevice',
      summary: 'Ends the session of one of a user’s devices',
      uncheckedParams: ['resource'],
      answers: answers(200, 400, 401, 404),
      handle: disconnectDevice,
    },
  ];
}

function statusRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  /** As far as the devices' nodes have told. */
  async function connected(app: AppNo, user: UserId): Promise<readonly DeviceView[]> {
    const devices = await deps.storage.devices.list(app, user);
    return devices.filter(({ session }) => session !== null);
  }

  async function statusOf(app: AppNo, user: UserId): Promise<Record<string, 'online' | 'offline'>> {
    const online = isId(user) && (await connected(app, user)).length > 0;
    return Object.fromEntries([[user, online ? 'online' : 'offline']]);
  }

  async function status(call: Call): Promise<Answer> {
    if (!(await isKnown(deps, call))) return replies.refused(call, errors.resourceNotFound);
    const data = await statusOf(appOf(call).no, param(call, 'username'));
    return replies.ok(call, { path: '/users/status', entities: [], data, more: { count: 0 } });
  }

  /** Nobody asks whether these users exist: who does not is offline. */
  async function manyStatuses(call: Call): Promise<Answer> {
    // The row's schema has been enforced.
    const { usernames } = call.body as { readonly usernames: readonly string[] };
    const app = appOf(call).no;
    const data = await Promise.all([...new Set(usernames)].map((user) => statusOf(app, user)));
    return replies.ok(call, { path: '/users/batch/status', data, action: 'get batch user status' });
  }

  async function resources(call: Call): Promise<Answer> {
    if (!(await isKnown(deps, call))) return replies.refused(call, errors.resourceNotFound);
    const devices = await connected(appOf(call).no, param(call, 'username'));
    const data = devices.map(({ device, platform }) => ({ res: device, device_name: platform }));
    return replies.ok(call, { path: '/users/resources', entities: [], data });
  }

  return [
    {
      ...row,
      method: 'GET',
      path: `${path}/status`,
      operationId: 'getUserStatus',
      summary: 'Says whether a user has a connected device',
      handle: status,
    },
    {
      ...row,
      method: 'POST',
      path: '/{org}/{app}/users/batch/status',
      operationId: 'getUserStatuses',
      summary: `Says of up to ${usersPerCallMax} users whether they have a connected device`,
      body: manyUsers,
      answers: answers(200, 400, 401, 404),
      handle: manyStatuses,
    },
    {
      ...row,
      method: 'GET',
      path: `${path}/resources`,
      operationId: 'listUserDevices',
      summary: 'Lists a user’s connected devices',
      auth: 'appOrUser',
      handle: resources,
    },
  ];
}
