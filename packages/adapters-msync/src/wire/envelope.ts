import { wire } from './descriptors.js';
import type { WireType } from './descriptors.js';
import type { Jid } from './jid.js';

export const commands = { sync: 0, unread: 1, notice: 2, provision: 3, logout: 4 } as const;

/** What every frame is wrapped in. */
export interface Envelope {
  readonly guid?: Jid;
  readonly auth?: string;
  readonly command?: number;
  readonly payload?: Uint8Array;
}

export function payloadOf({ payload = new Uint8Array() }: Envelope): Uint8Array {
  return payload;
}

/** A whole frame of the server. */
export function encodeFrame(command: keyof typeof commands, type: WireType, payload: object): Uint8Array {
  const envelope = { version: 0, command: commands[command], payload: type.encode(payload).finish() };
  return wire.msync.encode(envelope).finish();
}
