import { submitOne } from '@recalld/domain';
import type {
  CommandLoop,
  DeviceKey,
  Devices,
  FormerSession,
  HearNews,
  Instant,
  LiveUpdates,
  Position,
  SessionId,
} from '@recalld/domain';
import type { DeviceQueueDeps } from '../down/deviceQueue.js';
import type { WriteBehind } from '../writeBehind.js';
import { judgeStanding } from './login.js';
import type { Login, LoginDeps } from './login.js';
import type { LoginRefusal } from './loginRefusals.js';
import type { NodeSession } from './nodeSession.js';
import type { SessionTable } from './sessionTable.js';

/** A session that is over, for the store. */
export type EndedSession = DeviceKey & { readonly session: SessionId; readonly now: number };

export interface BeginDeps extends Pick<DeviceQueueDeps, 'clock'>, Pick<LoginDeps, 'storage'> {
  readonly devices: Pick<Devices, 'begin'>;
  readonly live: Pick<LiveUpdates, 'watch'>;
  readonly loop: Pick<CommandLoop, 'submit'>;
  readonly table: SessionTable;
  readonly ends: WriteBehind<EndedSession>;
  /** This process among all nodes. */
  readonly node: string;
}

/** Where a session stands in the log and in time, and what ends its watch. */
export interface Begun {
  readonly connectedAt: Position;
  readonly begunAt: Instant;
  readonly unwatch: () => void;
}

/** `refusal`: why it did not begin; null: the socket is gone meanwhile. */
export type Beginning =
  | { readonly ok: true; readonly begun: Begun }
  | { readonly ok: false; readonly refusal: LoginRefusal | null };

/**
 * Begins a session in the store. From the watch on it misses nothing; the device's former session is
 * ended, on whichever node it is. Of one that does not begin nothing is left.
 * @throws what the store and the loop throw.
 */
export async function beginSession(
  deps: BeginDeps,
  session: NodeSession,
  login: Login,
  hear: HearNews,
): Promise<Beginning> {
  const { clock, devices, ends, live, node, storage, table } = deps;
  const { app, user, platform } = login;
  const key = keyOf(login);
  const unwatch = await live.watch(app.no, user, hear);
  const endedSession = () => ends.put(session.id, { ...key, session: session.id, now: clock.now() });
  let refusal: LoginRefusal | undefined;
  table.beginning(session);
  try {
    const begunAt = clock.now();
    const named = { session: session.id, node, platform, now: begunAt };
    const { connectedAt, former } = await devices.begin(key, named);
    if (former?.node === node) table.findBeginning(former.session)?.supersede();
    else if (former !== null && session.isOpen()) await endElsewhere(deps, former, login);
    // Who was removed or deactivated before the watch is told of by no event after it.
    refusal = await judgeStanding(storage.users, login);
    if (refusal === undefined && session.isOpen()) {
      return { ok: true, begun: { connectedAt, begunAt, unwatch } };
    }
    endedSession();
  } catch (fault) {
    endedSession();
    unwatch();
    throw fault;
  } finally {
    table.begun(session);
  }
  unwatch();
  return { ok: false, refusal: refusal ?? null };
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
