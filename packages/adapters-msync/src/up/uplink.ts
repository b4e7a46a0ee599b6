import { Contended, limitedUses, limits, Overloaded, Unavailable } from '@recalld/domain';
import type { Log, RateLimitName, StoragePorts } from '@recalld/domain';
import { readUpBody } from '../content/readUpBody.js';
import type { UpBody } from '../content/readUpBody.js';
import { createFaultLog } from '../faultLog.js';
import { msyncLimits } from '../limits.js';
import type { MsyncLimits } from '../limits.js';
import { UserRates } from '../rates.js';
import type { UpMeta } from '../wire/meta.js';
import { excessOf } from './bounds.js';
import type { Caller } from './caller.js';
import { createPerformer } from './perform.js';
import type { PerformerDeps, UpAnswer } from './perform.js';
import { malformed, refusals } from './refusals.js';
import type { UpRefusal } from './refusals.js';
import { changeRoom } from './rooms.js';
import { createTurns } from './turns.js';

export interface UplinkDeps extends PerformerDeps {
  readonly storage: PerformerDeps['storage'] & {
    readonly apps: Pick<StoragePorts['apps'], 'findByNo'>;
    readonly rateLimits: Pick<StoragePorts['rateLimits'], 'take'>;
    readonly chats: Pick<StoragePorts['chats'], 'addMembers' | 'removeMembers'>;
  };
  readonly log: Log;
  readonly limits?: Partial<Pick<MsyncLimits, 'roomChangesAtOnceMax' | 'roomChangesPerSecond'>>;
}

/** Does what clients send. */
export interface Uplink {
  /**
   * Does what one Meta asks for; null: it needs no answer. What one caller sends is done in the order of
   * the calls, without waiting for answers. Never rejects: a fault is a refusal, and a line in the log.
   */
  take(caller: Caller, meta: UpMeta): Promise<UpAnswer | null>;
}

/** What a body costs of the app's limits. */
const limitNames: { readonly [Kind in UpBody['kind']]?: RateLimitName } = {
  message: 'clientMessagesPerSecond',
  ack: 'clientMessagesPerSecond',
  read: 'clientMessagesPerSecond',
  recall: 'clientRecallsPerSecond',
};

function limitOf(body: UpBody): RateLimitName | undefined {
  // The SDKs send these by themselves, one for each message, and nobody catches what they throw.
  if (body.kind === 'ack' && body.ack === 'delivered') return undefined;
  return limitNames[body.kind];
}

function roomRatesOf(given: UplinkDeps['limits']): UserRates {
  const { roomChangesAtOnceMax: atOnce, roomChangesPerSecond: perSecond } = { ...msyncLimits, ...given };
  return new UserRates({ atOnce, perSecond });
}

export function createUplink(deps: UplinkDeps): Uplink {
  const { storage, ids, clock } = deps;
  const perform = createPerformer(deps);
  const turns = createTurns<Caller>();
  const roomRates = roomRatesOf(deps.limits);
  const faultLog = createFaultLog(deps.log, clock);

  function refusalOf(fault: unknown): UpRefusal {
    // Nothing was done, and the loop counts these itself.
    if (fault instanceof Overloaded || fault instanceof Contended) return refusals.tryLater;
    faultLog.tell(fault, 'what a client sent could not be done');
    return fault instanceof Unavailable ? refusals.unavailable : refusals.internalError;
  }

  /** Takes a use of the app's limit, as the app has it now; undefined: there was room. */
  async function takeRate({ app: { no } }: Caller, body: UpBody): Promise<UpRefusal | undefined> {
    const limit = limitOf(body);
    if (limit === undefined) return undefined;
    const app = await storage.apps.findByNo(no);
    const uses = limitedUses(app?.rateLimits ?? {}, [{ limit, user: null, count: 1 }]);
    if (uses.length === 0) return undefined;
    const taken = await storage.rateLimits.take(no, uses, clock.now());
    return taken.ok ? undefined : refusals.tryLater;
  }

  async function takeChat(caller: Caller, meta: UpMeta): Promise<UpAnswer> {
    if (meta.stored.payload.length > limits.clientMessageBytesMax) return refusals.tooLarge;
    const read = readUpBody(meta, caller.user);
    if (!read.ok) return malformed(read);
    const excess = excessOf(meta, read.value);
    if (excess !== undefined) return excess;
    // Asked before its turn: what a client sends at once is asked about at once.
    const leave = takeRate(caller, read.value).catch(refusalOf);
    const turn = turns.take(caller);
    await turn.come;
    const refused = await leave;
    const done = refused ?? perform(caller, meta, read.value);
    // It is submitted, and the loop keeps the order.
    turn.pass();
    return done;
  }

  async function takeRoom(caller: Caller, meta: UpMeta): Promise<UpAnswer> {
    const { app, user } = caller;
    if (!roomRates.take({ app: app.no, user }, clock.now())) return refusals.tryLater;
    const turn = turns.take(caller);
    await turn.come;
    try {
      const refused = await changeRoom(storage.chats, caller, meta);
      return refused ?? { ok: true, serverId: ids.next(), at: clock.now() };
    } finally {
      // Only now: a room is joined before anything is sent to it.
      turn.pass();
    }
  }

  async function take(caller: Caller, meta: UpMeta): Promise<UpAnswer | null> {
    switch (meta.namespace) {
      case 'statistic':
        return null;
      case 'chat':
        return takeChat(caller, meta);
      case 'muc':
        return takeRoom(caller, meta);
      default:
        return refusals.unsupported;
    }
  }

  return { take: (caller, meta) => take(caller, meta).catch(refusalOf) };
}
