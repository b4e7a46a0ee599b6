/**
 * Bounds of the devices' connections to one node: every time is in ms, every size in bytes. What is
 * beyond one of them is refused, waits, or ends its session; nothing grows without one.
 */
export const msyncLimits = {
  /** One frame from a device, and all that a socket sends before its device is logged in. */
  frameBytesMax: 65_536,
  /** A larger send is read up to so much, to be refused by an answer; a larger frame closes its socket. */
  refusedFrameBytesMax: 1_048_576,
  /** A socket that has not logged in by then is closed; the SDKs log in as soon as it is open. */
  loginWaitMs: 10_000,
  /** Sockets of a node that have not logged in yet; of the address that has most of them the oldest gives way. */
  strangersMax: 2_000,
  /** Logins of one user on a node: all its devices may come back at once, and once more, before it waits. */
  loginsAtOnceMax: 64,
  loginsPerSecond: 1,
  /** Rooms that one user joins and leaves, on a node: each looks at the room, and changes what others remember of it. */
  roomChangesAtOnceMax: 64,
  roomChangesPerSecond: 1,
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
  /** Queues in one answer to a heartbeat, and those that a device has to follow before it is told of more. */
  queuesListedMax: 500,
  /** Queues that a session knows to have something, after one look at all of them. */
  queuesKnownMax: 10_000,
  /** All queues are looked at again in half this time to all of it, whatever a session has heard. */
  lookAgainMs: 300_000,
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
  /** How often it is looked whether the tokens of those who are connected are good still. */
  revocationsMs: 30_000,
  /** Cursors and ends of sessions are gathered for so long; after a fault they wait for so long. */
  writeGatherMs: 25,
  writeAgainMs: 1_000,
  writesWaitingMax: 100_000,
  writeRowsMax: 1_000,
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
