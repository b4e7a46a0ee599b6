import { never } from '@recalld/domain';
import type { SessionEnd, TokenStanding } from '@recalld/domain';
import type { KickReason } from '../wire/sync.js';

/** How a session ends on its socket. */
export interface Ending {
  /** Of the WebSocket; null: cut off without a word, since nobody reads it. */
  readonly closeCode: number | null;
  /** What the SDKs are told before: they do not come back then. After a mere close they do. */
  readonly kick?: KickReason;
}

/** Every way in which a session ends. */
export const endings = {
  /** The device went. */
  left: { closeCode: null },
  loggedOut: { closeCode: 1000 },
  /** The same device logged in again. SDK type 206. */
  replaced: { closeCode: 1000, kick: 'anotherDevice' },
  /** 207. */
  userRemoved: { closeCode: 1000, kick: 'userRemoved' },
  /** 216. */
  passwordChanged: { closeCode: 1000, kick: 'passwordChanged' },
  /** 217. */
  kicked: { closeCode: 1000, kick: 'kickedByOtherDevice' },
  /** Its SDK comes back with the token that it has by then, and hears why when it has no better one. */
  tokenOver: { closeCode: 1000 },
  loginRefused: { closeCode: 1000 },
  /** Nobody logged in on this socket. */
  loginLate: { closeCode: 1008 },
  /** There are too many such sockets, and this one was there longest. */
  crowdedOut: { closeCode: null },
  /** Its user logs in too often: without an answer the SDKs try again. */
  loginFlooding: { closeCode: 1013 },
  malformed: { closeCode: 1002 },
  flooding: { closeCode: 1008 },
  /** Does not read what it is sent, or answers no question. */
  unread: { closeCode: null },
  silent: { closeCode: null },
  stopping: { closeCode: 1001 },
  storageAway: { closeCode: 1013 },
  broken: { closeCode: 1011 },
} as const satisfies Readonly<Record<string, Ending>>;

export type EndingName = keyof typeof endings;

/** How the word of a `SessionsEnded` event ends a session. */
export function endingOf(reason: SessionEnd): EndingName {
  switch (reason) {
    case 'replaced':
    case 'passwordChanged':
    case 'kicked':
      return reason;
    case 'removed':
      return 'userRemoved';
    case 'deactivated':
      // The SDKs have no word for it: the user is still there, and the next login is refused with the true reason.
      return 'kicked';
    default:
      return never(reason);
  }
}

/** How a session ends whose token is worth nothing any more, as its user is now. */
export const standingEndings = {
  unknown: endingOf('removed'),
  former: endingOf('removed'),
  deactivated: endingOf('deactivated'),
} as const satisfies Readonly<Record<Exclude<TokenStanding, 'good'>, EndingName>>;
