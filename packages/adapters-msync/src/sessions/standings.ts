import { setImmediate as nextTurn } from 'node:timers/promises';
import { standingOf } from '@recalld/domain';
import type { AppNo, StoragePorts } from '@recalld/domain';
import { userKey } from '../userKey.js';
import { standingEndings } from './endings.js';
import type { Login } from './login.js';
import type { NodeSession } from './nodeSession.js';
import type { SessionTable } from './sessionTable.js';

export interface StandingsDeps {
  readonly apps: Pick<StoragePorts['apps'], 'findByNo'>;
  readonly users: Pick<StoragePorts['users'], 'find'>;
}

/** Users that are asked for before other work has its turn. */
const usersPerTurn = 32;

/**
 * Ends the sessions whose tokens are worth nothing any more, whether or not an event told of it: an
 * app's tokens were revoked, or the user is gone, another one, or deactivated. @throws what the store throws.
 */
export async function endFallen(deps: StandingsDeps, table: SessionTable): Promise<void> {
  await endRevoked(deps, table);
  const byUser = new Map<string, LoggedIn[]>();
  for (const session of table.sockets) {
    if (!isLoggedIn(session)) continue;
    const key = userKey({ app: session.login.app.no, user: session.login.user });
    const known = byUser.get(key);
    if (known === undefined) byUser.set(key, [session]);
    else known.push(session);
  }
  const users = [...byUser.values()];
  for (let at = 0; at < users.length; at += usersPerTurn) {
    await Promise.all(users.slice(at, at + usersPerTurn).map((sessions) => endOfUser(deps, sessions)));
    await nextTurn();
  }
}

type LoggedIn = NodeSession & { readonly login: Login };

function isLoggedIn(session: NodeSession): session is LoggedIn {
  return session.login !== undefined;
}

async function endRevoked({ apps }: StandingsDeps, table: SessionTable): Promise<void> {
  const numbers = new Set<AppNo>();
  for (const { login } of table.sockets) if (login !== undefined) numbers.add(login.app.no);
  for (const no of numbers) {
    const app = await apps.findByNo(no);
    for (const session of table.sockets) {
      const known = session.login?.app;
      if (known?.no === no && app?.tokenEpoch !== known.tokenEpoch) session.end('tokenOver');
    }
  }
}

async function endOfUser({ users }: StandingsDeps, sessions: readonly LoggedIn[]): Promise<void> {
  const [first] = sessions.filter((session) => session.isOpen());
  if (first === undefined) return;
  const found = await users.find(first.login.app.no, first.login.user);
  for (const session of sessions) {
    const standing = standingOf(found, { issuedAt: session.login.tokenIssuedAt });
    if (standing !== 'good') session.end(standingEndings[standing]);
  }
}
