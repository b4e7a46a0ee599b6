import type { Instant, ItemId, StoredContent, UserId } from '@recalld/domain';
import protobuf from 'protobufjs/light.js';
import { wire } from './descriptors.js';
import { decodeBytes } from './decodeBytes.js';
import { decoded, malformed } from './decoded.js';
import type { Decoded } from './decoded.js';
import type { Jid } from './jid.js';
import type { KeyValue } from './keyValue.js';
import { isId } from './text.js';

export const namespaces = {
  statistic: 0,
  chat: 1,
  muc: 2,
  roster: 3,
  conference: 4,
  notify: 5,
  query: 6,
} as const;

export type Namespace = keyof typeof namespaces;

const routes = { all: 0, online: 1, direct: 2 } as const;

export type Route = keyof typeof routes;

/** What a client sends: a message, an acknowledgement, a recall, or what it counts. */
export interface UpMeta {
  /** The client's own id for it: the answer's `meta_id`. */
  readonly id: string;
  readonly namespace: Namespace;
  readonly to: Jid | null;
  /** `online`: only for devices that are connected. `direct`: only for `directedTo`. */
  readonly route: Route;
  readonly directedTo: readonly UserId[] | null;
  readonly payload: Uint8Array;
  readonly ext: readonly KeyValue[];
  /** JSON text in UTF-8; empty: none. */
  readonly meta: Uint8Array;
  /** What of it is kept, and goes to receivers as it came. */
  readonly stored: StoredContent;
}

/** Meta as it is on the wire. */
export interface Meta {
  readonly id?: string;
  readonly from?: Jid;
  readonly to?: Jid;
  /** Milliseconds since 1970, as decimal text. */
  readonly timestamp?: string;
  readonly ns?: number;
  readonly payload?: Uint8Array;
  readonly routetype?: number;
  readonly ext?: readonly KeyValue[];
  readonly meta?: Uint8Array;
  readonly directedUsers?: readonly string[];
}

export function readMeta(bytes: Uint8Array): Decoded<UpMeta> {
  const read = decodeBytes<Meta>(wire.meta, bytes);
  if (!read.ok) return read;
  const { id = '0', ns = namespaces.statistic, routetype = routes.all, to = null } = read.value;
  const { payload = none, ext = [], meta = none, directedUsers } = read.value;
  const namespace = nameOf(namespaces, ns);
  const route = nameOf(routes, routetype);
  // The SDKs take an answer to no message for one to nothing.
  if (id === '0') return malformed('missingField', 'id');
  if (namespace === undefined) return malformed('wrongField', 'ns');
  if (route === undefined) return malformed('wrongField', 'routetype');
  if (directedUsers?.every(isId) === false) return malformed('wrongField', 'directed_users');
  const directedTo = directedUsers ?? null;
  const stored = storedMeta(bytes);
  return decoded({ id, namespace, to, route, directedTo, payload, ext, meta, stored });
}

/** Of a client's Meta: which one it is, and what for. The SDKs write them among the first. */
const headFields: readonly number[] = [1, 5];
const headFieldsLookedAt = 32;

/**
 * The client's own id for what it sent, of a Meta that {@link readMeta} refuses; undefined: nobody
 * waits for an answer, or there is no telling which.
 */
export function answerableId(bytes: Uint8Array): string | undefined {
  try {
    const head = decodeBytes<Meta>(wire.meta, fieldsOf(bytes, headFields, headFieldsLookedAt));
    if (!head.ok) return undefined;
    const { id = '0', ns = namespaces.statistic } = head.value;
    return id === '0' || ns === namespaces.statistic ? undefined : id;
  } catch {
    return undefined;
  }
}

const none = new Uint8Array();

function nameOf<Name extends string>(names: Readonly<Record<Name, number>>, value: number): Name | undefined {
  return (Object.keys(names) as Name[]).find((name) => names[name] === value);
}

/** The fields that the server does not stamp: payload, ext, meta. */
const keptFields: readonly number[] = [6, 8, 9];

/**
 * What is kept of a client's Meta that {@link readMeta} has read: those of its fields that the server
 * does not stamp, byte for byte.
 */
export function storedMeta(bytes: Uint8Array): StoredContent {
  return { format: 'msync', payload: fieldsOf(bytes, keptFields) };
}

/** Some of a message's fields, byte for byte, among so many at most. @throws what the library throws for broken bytes. */
function fieldsOf(bytes: Uint8Array, wanted: readonly number[], lookedAtMax = Infinity): Uint8Array {
  const reader = protobuf.Reader.create(bytes);
  const kept: Uint8Array[] = [];
  for (let looked = 0; reader.pos < reader.len && looked < lookedAtMax; looked += 1) {
    const start = reader.pos;
    const tag = reader.tag();
    reader.skipType(tag & 7);
    if (wanted.includes(tag >>> 3)) kept.push(bytes.subarray(start, reader.pos));
  }
  return Buffer.concat(kept);
}

/** What the server says of an item, whoever made it. */
export interface Stamp {
  /** Unique for the device: an SDK drops an id that it has had among the last ones. */
  readonly id: ItemId;
  /** Never left out: an SDK throws for a Meta without one. */
  readonly from: Jid;
  readonly to: Jid;
  readonly at: Instant;
  readonly namespace: Namespace;
}

/** A Meta of the server's own making. @param ext left out when there is none. */
export function encodeMeta(stamp: Stamp, payload: Uint8Array, ext: readonly KeyValue[] = []): Uint8Array {
  return wire.meta.encode({ ...stamped(stamp), payload, ext }).finish();
}

/** A client's Meta under the server's stamp; fields of a message may be joined as bytes. */
export function relayMeta(stamp: Stamp, stored: StoredContent): Uint8Array {
  return Buffer.concat([wire.meta.encode(stamped(stamp)).finish(), stored.payload]);
}

function stamped({ id, from, to, at, namespace }: Stamp): object {
  return { id, from, to, timestamp: at, ns: namespaces[namespace] };
}
