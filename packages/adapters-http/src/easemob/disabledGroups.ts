import type { HttpDeps } from '../deps.js';
import type { Answer, Call, Route } from '../route.js';
import { appOf, param } from '../route.js';
import { groups } from './chatKinds.js';
import { errors } from './errors.js';
import type { Replies } from './replies.js';
import { answers } from './schemas.js';

/** Closes groups to clients, and opens them again. The vendor has it of groups alone. */
export function disabledGroupRoutes(deps: HttpDeps, replies: Replies): readonly Route[] {
  async function set(call: Call, disabled: boolean): Promise<Answer> {
    const key = { kind: groups.kind, id: param(call, 'chat') };
    if (!(await deps.storage.restraints.setDisabled(appOf(call).no, key, disabled))) {
      return replies.refused(call, errors.groupNotFound(key.id));
    }
    return replies.ok(call, { path: '/chatgroups', entities: [], data: { disabled } });
  }

  const row = { method: 'POST', tag: groups.tag, auth: 'app', answers: answers(200, 401, 404) } as const;
  const path = '/{org}/{app}/chatgroups/{chat}';
  return [
    {
      ...row,
      path: `${path}/disable`,
      operationId: 'disableGroup',
      summary: 'No client may send to the group, whatever its user’s role',
      handle: (call) => set(call, true),
    },
    {
      ...row,
      path: `${path}/enable`,
      operationId: 'enableGroup',
      summary: 'Members may send to the group again',
      handle: (call) => set(call, false),
    },
  ];
}
