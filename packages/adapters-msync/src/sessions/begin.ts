import { submitOne } from '@recalld/domain';
import type {
  CommandLoop,
  DeviceKey,
  Devices,
  FormerSession,
  HearNews,
  LiveUpdates,
  Position,
  SessionId,
} from '@recalld/domain';
import type { DeviceQueueDeps } from '../down/deviceQueue.js';
import type { WriteBehind } from '../writeBehind.js';
import type { Login } from './login.js';
import type { NodeSession } from './nodeSession.js';
import type { SessionTable } from './sessionTable.js';

/** A session that is over, for the store. */
export type EndedSession = DeviceKey & { readonly session: SessionId; readonly now: number };

export interface BeginDeps extends Pick<DeviceQueueDeps, 'clock'> {
  readonly devices: Pick<Devices, 'begin'>;
  readonly live: Pick<LiveUpdates, 'watch'>;
  readonly loop: Pick<CommandLoop, 'submit'>;
  readonly table: SessionTable;
  readonly ends: WriteBehind<EndedSession>;
  /** This process among all nodes. */
  readonly node: string;
}

/** Where a session stands in the log, and what ends its watch. */
export interface Begun {
  readonly connectedAt: Position;
  readonly unwatch: () => void;
}

/**
 * Begins a session in the store. From the watch on it misses nothing; the device's former session is
 * ended, on whichever node it is. undefined: the socket is gone meanwhile, and nothing is left of it.
 * @throws what the store and the loop throw.
 */
export async function beginSession(
  deps: BeginDeps,
  session: NodeSession,
  login: Login,
  hear: HearNews,
): Promise<Begun | undefined> {
  const { clock, devices, ends, live, node, table } = deps;
  const { app, user, platform } = login;
  const key = keyOf(login);
  const unwatch = await live.watch(app.no, user, hear);
  const endedSession = () => ends.put(session.id, { ...key, session: session.id, now: clock.now() });
  table.beginning(session);
  try {
    const named = { session: session.id, node, platform, now: clock.now() };
    const { connectedAt, former } = await devices.begin(key, named);
    if (former?.node === node) table.findBeginning(former.session)?.supersede();
    else if (former !== null && session.isOpen()) await endElsewhere(deps, former, login);
    if (session.isOpen()) return { connectedAt, unwatch };
    endedSession();
  } catch (fault) {
    endedSession();
    unwatch();
    throw fault;
  } finally {
    table.begun(session);
  }
  unwatch();
  return undefined;
}

async function endElsewhere(deps: BeginDeps, former: FormerSession, login: Login): Promise<void> {
  const { app, user, device } = login;
  const { session } = former;
  const now = deps.clock.now();
  const which = { app: app.no, user, device, session, reason: 'replaced', by: user, now } as const;
  await submitOne(deps.loop, { type: 'EndSessions', ...which });
}

export function keyOf({ app, user, device }: Login): DeviceKey {
  return { app: app.no, user, device };
}
