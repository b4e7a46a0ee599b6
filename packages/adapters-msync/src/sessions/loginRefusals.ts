import { statusCodes } from '../wire/status.js';
import type { StatusCode } from '../wire/status.js';

/** Why a device may not log in. */
export type LoginRefusal =
  | 'malformed'
  | 'appUnknown'
  | 'tokenWrong'
  | 'tokenExpired'
  | 'tokenOfApp'
  | 'userUnknown'
  | 'userDeactivated'
  | 'tooManyDevices'
  | 'nodeFull';

export interface LoginStatus {
  readonly status: StatusCode;
  readonly reason: string;
}

/**
 * What the SDKs tell apart, by status and exact reason (msync, section 3). They do not try again after
 * any of these; to have them do that, the socket is closed without an answer.
 */
export const loginRefusals: Readonly<Record<LoginRefusal, LoginStatus>> = {
  /** SDK type -3. */
  malformed: { status: statusCodes.wrongParameter, reason: 'Sorry, login info is malformed' },
  appUnknown: { status: statusCodes.wrongParameter, reason: 'Sorry, app not found' },
  /** 28; also a token that was revoked, or of another user, or of a former one of the name. */
  tokenWrong: {
    status: statusCodes.fail,
    reason: 'Sorry, token or password does not match login info',
  },
  /** 56. */
  tokenExpired: { status: statusCodes.fail, reason: 'Sorry, token expired' },
  /** 2. */
  tokenOfApp: { status: statusCodes.unauthorized, reason: 'Sorry, this is no token of a user' },
  /** 204. */
  userUnknown: { status: statusCodes.fail, reason: 'Sorry, user not found' },
  /** 57. */
  userDeactivated: { status: statusCodes.forbidden, reason: 'Sorry, user is deactivated' },
  /** 214; 2 of agora-chat. */
  tooManyDevices: {
    status: statusCodes.tooManyDevices,
    reason: 'Sorry, the user is logged in on too many devices',
  },
  /** 50. */
  nodeFull: { status: statusCodes.permissionDenied, reason: 'Sorry, the app online count limit' },
};
