/** Number of an app (tenant) in the store; the appkey `org#app` is its name outside. */
export type AppNo = number;

/** A user's id: any string of 1 to 64 bytes, compared as given. */
export type UserId = string;

/** A message's id: a 64-bit decimal string, `^[1-9][0-9]{0,18}$` and at most 2^63 - 1. */
export type MsgId = string;

/** The id of anything that stands in a timeline: a message's, a recall's own, a signal's. */
export type ItemId = string;

/** A device's own name, unique for its user: what clients call their resource. 1 to 256 bytes. */
export type DeviceId = string;

/** One connection of a device, from its login to its end; unique among all nodes. */
export type SessionId = string;

/** An uploaded file's uuid. */
export type AttachmentId = string;

/** Names one `submit`; every event that it recorded carries it. */
export type CommandId = string;

/** A place in the whole log: positive, growing, never reused, below 2^53. */
export type Position = number;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** The instant that message ids count from: 2014-12-03T00:00:00Z. */
export const idEpochMs: Instant = 1_417_564_800_000;

const idMax = (1n << 63n) - 1n;
const idForm = /^[1-9][0-9]{0,18}$/;

/** True for a decimal string that can be a message id. */
export function isMsgId(text: string): text is MsgId {
  return idForm.test(text) && (text.length < 19 || BigInt(text) <= idMax);
}

/** The instant at which an id was minted, in whole seconds; the id must be a valid one. */
export function mintedAt(id: ItemId): Instant {
  return idEpochMs + Number(BigInt(id) >> 32n) * 1000;
}

/** Puts an id together: 32 bits of seconds since {@link idEpochMs}, 10 of node, 22 of counter. */
export function composeId(second: number, node: number, counter: number): ItemId {
  return ((BigInt(second) << 32n) | (BigInt(node) << 22n) | BigInt(counter)).toString();
}

/** The lower 32 bits of an id: the random part of a one-to-one message's key when its sender gave none. */
export function lowBits(id: ItemId): number {
  return Number(BigInt(id) & 0xffff_ffffn);
}
