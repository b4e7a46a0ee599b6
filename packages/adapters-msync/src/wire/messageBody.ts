import { wire } from './descriptors.js';
import { decodeBytes } from './decodeBytes.js';
import type { Decoded } from './decoded.js';
import type { Jid } from './jid.js';
import type { KeyValue } from './keyValue.js';

export const bodyTypes = {
  normal: 0,
  chat: 1,
  groupchat: 2,
  chatroom: 3,
  readAck: 4,
  deliveryAck: 5,
  recall: 6,
  channelAck: 7,
  edit: 8,
} as const;

export const contentTypes = {
  text: 0,
  image: 1,
  video: 2,
  location: 3,
  voice: 4,
  file: 5,
  command: 6,
  custom: 7,
  combine: 8,
} as const;

/** On a text its presence alone, with value 0, makes the SDKs read a combined message. */
export const subTypes = { combine: 0, gif: 1 } as const;

export interface Size {
  readonly width?: number;
  readonly height?: number;
}

/** One part of a body. */
export interface Content {
  readonly type?: number;
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
  readonly params?: readonly KeyValue[];
  /** Seconds. */
  readonly duration?: number;
  readonly size?: Size;
  readonly thumbnailRemotePath?: string;
  readonly thumbnailSecretKey?: string;
  readonly customEvent?: string;
  readonly customExts?: readonly KeyValue[];
  readonly buildingName?: string;
  readonly subType?: number;
  readonly title?: string;
  readonly summary?: string;
  readonly combineLevel?: number;
}

/** The payload of a Meta of the namespace `chat`, as it is on the wire. */
export interface MessageBody {
  readonly type?: number;
  readonly from?: Jid;
  readonly to?: Jid;
  /** The SDKs fire nothing for a body without. */
  readonly contents?: readonly Content[];
  readonly ext?: readonly KeyValue[];
  readonly ackMessageId?: string;
  readonly ackContent?: string;
  /** JSON text. */
  readonly meta?: string;
}

export function decodeMessageBody(bytes: Uint8Array): Decoded<MessageBody> {
  return decodeBytes(wire.messageBody, bytes);
}

export function encodeMessageBody(body: MessageBody): Uint8Array {
  return wire.messageBody.encode(body).finish();
}
