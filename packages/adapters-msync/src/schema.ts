import protobuf from 'protobufjs/light.js';

// What the official SDKs and this server say to each other: names and numbers of the fields, kept
// to those that are written. A field that is not set is not on the wire, one set to 0 is.

/** A 64-bit number in two halves: ids do not fit a JavaScript number. */
export interface Uint64 {
  readonly low: number;
  readonly high: number;
}

/** @param decimal a number below 2^64 */
export function uint64Of(decimal: string): Uint64 {
  const value = BigInt(decimal);
  return { low: Number(BigInt.asUintN(32, value)), high: Number(value >> 32n) };
}

/** A user, a group or a room, anywhere. */
export interface Jid {
  readonly appKey?: string;
  readonly name: string;
  readonly domain?: string;
  readonly clientResource?: string;
}

export const valueTypes = { bool: 1, int: 2, double: 6, string: 7, jsonString: 8 } as const;

/** One named value of an extension. */
export interface KeyValue {
  readonly key: string;
  readonly type: (typeof valueTypes)[keyof typeof valueTypes];
  readonly varintValue?: number;
  readonly doubleValue?: number;
  readonly stringValue?: string;
}

export const contentTypes = {
  text: 0,
  image: 1,
  video: 2,
  location: 3,
  voice: 4,
  file: 5,
  command: 6,
  custom: 7,
} as const;

export interface Size {
  readonly width?: number;
  readonly height?: number;
}

/**
 * One part of a body. `subType` is left out on purpose: its mere presence with value 0 makes the SDKs
 * read a text as a combined message.
 */
export interface Content {
  readonly type: (typeof contentTypes)[keyof typeof contentTypes];
  readonly text?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly address?: string;
  readonly displayName?: string;
  readonly remotePath?: string;
  readonly secretKey?: string;
  /** Bytes. */
  readonly fileLength?: number;
  readonly action?: string;
  /** Seconds. */
  readonly duration?: number;
  readonly size?: Size;
  readonly thumbnailRemotePath?: string;
  readonly thumbnailSecretKey?: string;
  readonly customEvent?: string;
  readonly customExts?: readonly KeyValue[];
  readonly buildingName?: string;
}

export const bodyTypes = { chat: 1, groupchat: 2, chatroom: 3 } as const;

/** The payload of a Meta with `ns` chat. The SDKs fire nothing for a body without contents. */
export interface MessageBody {
  readonly type: (typeof bodyTypes)[keyof typeof bodyTypes];
  readonly from: Jid;
  readonly to: Jid;
  readonly contents: readonly Content[];
  readonly ext: readonly KeyValue[];
}

export const namespaces = { chat: 1 } as const;

/** One item of a device's queue or of roaming. */
export interface Meta {
  readonly id: Uint64;
  readonly from: Jid;
  readonly to: Jid;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly ns: (typeof namespaces)[keyof typeof namespaces];
  readonly payload: Uint8Array;
}

type Field = readonly [type: string, id: number];

function message(fields: Readonly<Record<string, Field>>, repeated: readonly string[] = []): protobuf.IType {
  const described = Object.entries(fields).map(([name, [type, id]]) => [
    name,
    repeated.includes(name) ? { rule: 'repeated', type, id } : { type, id },
  ]);
  return { edition: 'proto2', fields: Object.fromEntries(described) as protobuf.IType['fields'] };
}

/** Enumerations travel as int32. Only proto2 tells a field that is 0 or empty from an absent one. */
const root = protobuf.Root.fromJSON({
  nested: {
    Jid: message({
      appKey: ['string', 1],
      name: ['string', 2],
      domain: ['string', 3],
      clientResource: ['string', 4],
    }),
    KeyValue: message({
      key: ['string', 1],
      type: ['int32', 2],
      varintValue: ['int64', 3],
      doubleValue: ['double', 5],
      stringValue: ['string', 6],
    }),
    Size: message({ width: ['double', 1], height: ['double', 2] }),
    Content: message(
      {
        type: ['int32', 1],
        text: ['string', 2],
        latitude: ['double', 3],
        longitude: ['double', 4],
        address: ['string', 5],
        displayName: ['string', 6],
        remotePath: ['string', 7],
        secretKey: ['string', 8],
        fileLength: ['int32', 9],
        action: ['string', 10],
        duration: ['int32', 12],
        size: ['Size', 13],
        thumbnailRemotePath: ['string', 14],
        thumbnailSecretKey: ['string', 15],
        customEvent: ['string', 19],
        customExts: ['KeyValue', 20],
        buildingName: ['string', 21],
      },
      ['customExts'],
    ),
    MessageBody: message(
      {
        type: ['int32', 1],
        from: ['Jid', 2],
        to: ['Jid', 3],
        contents: ['Content', 4],
        ext: ['KeyValue', 5],
      },
      ['contents', 'ext'],
    ),
    Meta: message({
      id: ['uint64', 1],
      from: ['Jid', 2],
      to: ['Jid', 3],
      timestamp: ['uint64', 4],
      ns: ['int32', 5],
      payload: ['bytes', 6],
    }),
  },
});

/** The wire types behind the interfaces above. */
export const wire = { meta: root.lookupType('Meta'), messageBody: root.lookupType('MessageBody') };

export function encodeMeta(meta: Meta): Uint8Array {
  return wire.meta.encode(meta).finish();
}

export function encodeMessageBody(body: MessageBody): Uint8Array {
  return wire.messageBody.encode(body).finish();
}
