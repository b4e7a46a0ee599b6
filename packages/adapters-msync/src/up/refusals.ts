import type { RecallRefusal, SendRefusal } from '@recalld/domain';
import type { Malformed, WireFault } from '../wire/decoded.js';
import { statusCodes } from '../wire/status.js';
import type { StatusCode } from '../wire/status.js';

/** What a client is told instead of an id. The SDKs make an error of their own of the pair (msync 6). */
export interface UpRefusal {
  readonly ok: false;
  readonly code: StatusCode;
  readonly reason: string;
}

const { fail, wrongParameter, permissionDenied, userMuted } = statusCodes;

function row(code: StatusCode, reason: string): UpRefusal {
  return { ok: false, code, reason };
}

/**
 * Every refusal there is, with the error type that the SDKs make of it. A reason that the SDKs do not
 * know goes out under status 1 (503) or 4 (604), which show it; under status 7 its promise would
 * never settle.
 */
export const refusals = {
  /** 511. */
  tooLarge: row(permissionDenied, 'Sorry, data is too large'),
  /** 509: the app may try again. */
  tryLater: row(permissionDenied, 'traffic limit'),
  /** 605. */
  groupNotFound: row(fail, 'group not found'),
  /** 602. */
  notInGroup: row(fail, 'not in group or chatroom'),
  /** 608. */
  groupDisabled: row(fail, 'group is disabled'),
  /** 603. */
  blocked: row(fail, 'blocked'),
  /** 219. */
  muted: row(permissionDenied, 'user is mute'),
  /** 507. */
  mutedEverywhere: row(userMuted, 'user is mute'),
  /** 504. */
  recallTooLate: row(fail, 'exceed recall time limit'),
  /** 505. */
  recallDisabled: row(fail, 'message recall disabled'),
  /** 503, as the vendor's REST interface has it (seed 002). */
  messageNotFound: row(fail, 'not_found msg'),
  /** 705. */
  roomNotFound: row(fail, 'grpID does not exist!'),
  /** 704. */
  roomFull: row(fail, 'group member list is full!'),
  /** 50. */
  tooManyDirected: row(fail, 'limit directed users'),
  /** 505. */
  editing: row(fail, 'Sorry, edit is not available'),
  /** 503. */
  unsupported: row(fail, 'not supported by this server'),
  /** 503: nobody knows whether it was done. */
  unavailable: row(fail, 'service unavailable'),
  /** 503. */
  internalError: row(fail, 'internal error'),
} as const;

const faults: Readonly<Record<WireFault, string>> = {
  notProtobuf: 'not readable',
  tooLong: 'too long',
  tooMany: 'too many',
  unknownCommand: 'unknown command',
  missingField: 'missing',
  wrongField: 'wrong',
};

/** 604: says which field is wrong, never what is in it. */
export function malformed({ fault, field }: Malformed): UpRefusal {
  const words = faults[fault];
  return row(wrongParameter, field === null ? words : `${words}: ${field}`);
}

/** A message sent before is no refusal for its sender: it is answered as it was then. */
export const sendRefusals: Readonly<Record<Exclude<SendRefusal, 'sentBefore'>, UpRefusal>> = {
  // Ids are fresh: somebody else has minted the same.
  idTaken: refusals.internalError,
  chatNotFound: refusals.groupNotFound,
  notMember: refusals.notInGroup,
  chatDisabled: refusals.groupDisabled,
  mutedEverywhere: refusals.mutedEverywhere,
  muted: refusals.muted,
  blocked: refusals.blocked,
};

/**
 * Whoever may not recall a message is not told that it exists, nor where: its id may be a guess.
 */
export const recallRefusals: Readonly<Record<RecallRefusal, UpRefusal>> = {
  serviceDisabled: refusals.recallDisabled,
  receiverMismatch: refusals.messageNotFound,
  alreadyRecalled: refusals.messageNotFound,
  notFound: refusals.messageNotFound,
  expired: refusals.messageNotFound,
  chatNotFound: refusals.groupNotFound,
  notRecallable: refusals.messageNotFound,
  notPermitted: refusals.messageNotFound,
  windowElapsed: refusals.recallTooLate,
};
