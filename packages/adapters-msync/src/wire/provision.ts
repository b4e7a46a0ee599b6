import type { DeviceId, Instant, UserId } from '@recalld/domain';
import { wire } from './descriptors.js';
import { decodeBytes } from './decodeBytes.js';
import { decoded, malformed } from './decoded.js';
import type { Decoded } from './decoded.js';
import { encodeFrame, payloadOf } from './envelope.js';
import type { Envelope } from './envelope.js';
import type { StatusCode } from './status.js';
import { isDeviceId, isId, labelOf } from './text.js';

const tokenPrefix = '$t$';
const tokenCharsMax = 8_192;

/** A client logs in. What it tells of itself beyond who it is may be cut short. */
export interface UpProvision {
  readonly appKey: string;
  readonly user: UserId;
  readonly resource: DeviceId;
  /** The access token; empty when the client gave none. */
  readonly token: string;
  readonly sessionId: string;
  readonly osType: number | null;
  readonly version: string | null;
  readonly deviceName: string | null;
  readonly deviceUuid: string | null;
  readonly actionVersion: string | null;
}

/** Provision as it is on the wire. */
interface Provision {
  readonly osType?: number;
  readonly version?: string;
  readonly deviceUuid?: string;
  readonly deviceName?: string;
  readonly resource?: string;
  readonly auth?: string;
  readonly actionVersion?: string;
  readonly sessionId?: string;
}

export function readProvision(envelope: Envelope): Decoded<UpProvision> {
  const read = decodeBytes<Provision>(wire.provision, payloadOf(envelope));
  if (!read.ok) return read;
  const { guid, auth } = envelope;
  const { value: provision } = read;
  const token = withoutPrefix(auth ?? provision.auth ?? '');
  const resource = provision.resource || guid?.clientResource;
  if (guid?.name === undefined || guid.appKey === undefined) return malformed('missingField', 'guid');
  if (!isId(guid.name)) return malformed('wrongField', 'guid');
  if (!resource) return malformed('missingField', 'resource');
  if (!isDeviceId(resource)) return malformed('wrongField', 'resource');
  if (token.length > tokenCharsMax) return malformed('tooLong', 'auth');
  return decoded({
    appKey: guid.appKey,
    user: guid.name,
    resource,
    token,
    sessionId: labelOf(provision.sessionId) ?? '',
    osType: provision.osType ?? null,
    version: labelOf(provision.version),
    deviceName: labelOf(provision.deviceName),
    deviceUuid: labelOf(provision.deviceUuid),
    actionVersion: labelOf(provision.actionVersion),
  });
}

function withoutPrefix(auth: string): string {
  return auth.startsWith(tokenPrefix) ? auth.slice(tokenPrefix.length) : auth;
}

export interface ProvisionAnswer {
  readonly status: StatusCode;
  /** Exactly one of the texts that the SDKs tell apart (msync section 3), or one of our own. */
  readonly reason: string;
  /** As the client named it. */
  readonly resource: DeviceId;
  readonly sessionId: string;
  /** The end of the token, of which the SDK warns its app; null: it does not watch it. */
  readonly expiresAt: Instant | null;
}

/** The longest time that a browser's timer knows, ms: 24.8 days. */
const countdownMsMax = 2 ** 31 - 1;

/** A token's end for the answer, if the SDKs can count down to it: they leave when their longest timer is over. */
export function countableEnd(expiresAt: Instant | null, now: Instant): Instant | null {
  return expiresAt !== null && expiresAt - now <= countdownMsMax ? expiresAt : null;
}

/**
 * The answer to a login. It names no compression: frames stay as they are. `auth_token` has the
 * token's end in absolute milliseconds: an SDK takes seconds for a time long past, and disconnects.
 */
export function encodeProvisionAnswer(answer: ProvisionAnswer): Uint8Array {
  const { status, reason, resource, sessionId, expiresAt } = answer;
  return encodeFrame('provision', wire.provision, {
    status: { errorCode: status, reason },
    resource,
    sessionId,
    ...(expiresAt === null ? {} : { authToken: JSON.stringify({ expires_in: expiresAt }) }),
  });
}
