/**
 * Bounds of the devices' connections to one node: every time is in ms, every size in bytes. What is
 * beyond one of them is refused, waits, or ends its session; nothing grows without one.
 */
export const msyncLimits = {
  /** One frame from a device; a message has at most 5,120 bytes (contract A9). */
  frameBytesMax: 65_536,
  /** A socket that has not logged in by then is closed; the SDKs log in as soon as it is open. */
  loginWaitMs: 10_000,
  /** Sockets of a node that have not logged in yet. */
  strangersMax: 2_000,
  /** Sessions of a node, and those of one user among them. */
  sessionsMax: 20_000,
  sessionsPerUserMax: 32,
  /** Frames of one session: so many a second, after so many at once. A login asks for each queue at once. */
  framesPerSecond: 100,
  framesAtOnceMax: 1_000,
  /** Frames of one session that are being answered; later ones wait unread in the socket. */
  framesInHandMax: 64,
  /** Frames that had been read already when the socket had to wait. */
  framesWaitingMax: 4_096,
  /** Bytes that a device has not read: it is sent nothing more until it reads, and left when it does not. */
  unsentBytesMax: 1_048_576,
  unreadSocketMs: 30_000,
  /** A silent socket is asked whether it is there, twice, and then left. */
  silentMs: 30_000,
  silentAsksMax: 2,
  /** Items and bytes of one answer to a pull. */
  pageItemsMax: 50,
  pageBytesMax: 262_144,
  /** Queues in one answer to a heartbeat. */
  queuesListedMax: 500,
  /** Pulls of one session that wait for the device's next word, and cursors that it remembers beside them. */
  roundsMax: 1_024,
  cursorsRememberedMax: 32,
  /** A pull that the device has not gone on with by then is over. */
  roundMs: 5_000,
  /** A notice that the device has not followed by then is repeated, so many times. */
  noticeAgainMs: 2_000,
  noticesAgainMax: 3,
  /** How long after its token a session may last: clocks differ, and the SDKs leave by themselves. */
  tokenGraceMs: 5_000,
  /** How often it is looked whether an app's tokens were revoked. */
  revocationsMs: 30_000,
  /** Cursors and ends of sessions are gathered for so long; after a fault they wait for so long. */
  writeGatherMs: 25,
  writeAgainMs: 1_000,
  writesWaitingMax: 100_000,
  writeRowsMax: 1_000,
  /** Encoded items of groups and rooms that many sessions are about to be sent. */
  encodedBytesMax: 16_777_216,
  /** Kinds of chats (group or room) that are remembered. */
  chatKindsMax: 10_000,
  /** How often all sessions are looked at. */
  sweepMs: 1_000,
  /** How long a device that is put out has to read why, before its socket is closed. */
  kickHeardMs: 250,
  /** How long a device may take to close its side. */
  closeMs: 5_000,
} as const;

/** The same with other numbers, for an environment or a test. */
export type MsyncLimits = { readonly [Name in keyof typeof msyncLimits]: number };
