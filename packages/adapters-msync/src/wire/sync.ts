import type { App, Instant, ItemId, UserId } from '@recalld/domain';
import { wire } from './descriptors.js';
import { decodeBytes } from './decodeBytes.js';
import { decoded, malformed } from './decoded.js';
import type { Decoded, Malformed } from './decoded.js';
import { encodeFrame, payloadOf } from './envelope.js';
import type { Envelope } from './envelope.js';
import { userJid } from './jid.js';
import type { Jid } from './jid.js';
import { answerableId, encodeMeta, readMeta } from './meta.js';
import type { UpMeta } from './meta.js';
import { okStatus } from './status.js';
import type { StatusCode } from './status.js';

/** A client sends something, or asks for the next of a queue. */
export type UpSync =
  | { readonly kind: 'send'; readonly meta: UpMeta }
  /** A send that cannot be taken; its sender waits for an answer to `id`. */
  | { readonly kind: 'faulty'; readonly id: string; readonly fault: Malformed }
  /** `key`: everything up to it has arrived. */
  | { readonly kind: 'pull'; readonly queue: Jid; readonly key: number | null };

/** CommSyncUL as it is on the wire. */
interface SyncUp {
  readonly meta?: Uint8Array;
  readonly key?: string;
  readonly queue?: Jid;
}

/** @param isTooLong whatever it is, it is too much to be taken. */
export function readSync(envelope: Envelope, isTooLong: boolean): Decoded<UpSync> {
  const read = decodeBytes<SyncUp>(wire.commSyncUp, payloadOf(envelope));
  if (!read.ok) return read;
  const { meta: sent, key = null, queue } = read.value;
  if (sent !== undefined) {
    const meta = isTooLong ? malformed('tooLong') : readMeta(sent);
    if (meta.ok) return decoded({ kind: 'send', meta: meta.value });
    const id = answerableId(sent);
    return id === undefined ? meta : decoded({ kind: 'faulty', id, fault: meta });
  }
  if (isTooLong) return malformed('tooLong');
  if (queue === undefined) return malformed('missingField', 'queue');
  if (key !== null && !Number.isSafeInteger(Number(key))) return malformed('wrongField', 'key');
  return decoded({ kind: 'pull', queue, key: key === null ? null : Number(key) });
}

export interface SendAck {
  /** The client's own id for what it sent. */
  readonly localId: string;
  /** The id that receivers get it under. */
  readonly serverId: ItemId;
  readonly at: Instant;
}

export function encodeSendAck({ localId, serverId, at }: SendAck): Uint8Array {
  return syncDown({ status: okStatus, metaId: localId, serverId, timestamp: at });
}

export interface SendError {
  readonly localId: string;
  readonly status: StatusCode;
  /** The SDKs tell errors apart by it. With status 7 one that they do not know leaves their caller waiting for ever. */
  readonly reason: string;
  readonly at: Instant;
}

export function encodeSendError({ localId, status, reason, at }: SendError): Uint8Array {
  return syncDown({ status: { errorCode: status, reason }, metaId: localId, timestamp: at });
}

export interface Batch {
  readonly queue: Jid;
  /** Whole Metas, in order. */
  readonly metas: readonly Uint8Array[];
  /** The key that confirms them; the client asks again with it. */
  readonly nextKey: number;
  readonly at: Instant;
}

/**
 * The next of a queue. It is never called the last: an SDK that gets items with the last batch while
 * they stay in the queue asks again without end. An empty answer ends the round.
 */
export function encodeBatch({ queue, metas, nextKey, at }: Batch): Uint8Array {
  return syncDown({ status: okStatus, metas, nextKey, queue, isLast: false, timestamp: at });
}

/** There is nothing more in a queue. */
export function encodeEnd({ queue, at }: Pick<Batch, 'queue' | 'at'>): Uint8Array {
  return syncDown({ status: okStatus, queue, isLast: true, timestamp: at });
}

/** Why a device's session ends, as the SDKs tell it (206, 207, 216, 217 of their errors). */
const kickOperations = {
  userRemoved: 1,
  anotherDevice: 2,
  passwordChanged: 3,
  kickedByOtherDevice: 4,
} as const;

export type KickReason = keyof typeof kickOperations;

export interface Kick {
  readonly app: App;
  readonly user: UserId;
  readonly id: ItemId;
  readonly why: KickReason;
  readonly at: Instant;
}

/** Tells a device that it is logged out: pushed as it is, and the socket closed after it. */
export function encodeKick({ app, user, id, why, at }: Kick): Uint8Array {
  const jid = userJid(app, user);
  const payload = wire.statisticsBody.encode({ operation: kickOperations[why] }).finish();
  const meta = encodeMeta({ id, from: jid, to: jid, at, namespace: 'statistic' }, payload);
  return syncDown({ status: okStatus, metas: [meta], queue: jid, isLast: true, timestamp: at });
}

function syncDown(payload: object): Uint8Array {
  return encodeFrame('sync', wire.commSyncDown, payload);
}
