/** What the SDKs make of each, with which reason, is in msync sections 3 and 6. */
export const statusCodes = {
  ok: 0,
  fail: 1,
  unauthorized: 2,
  missingParameter: 3,
  wrongParameter: 4,
  redirect: 5,
  tokenExpired: 6,
  permissionDenied: 7,
  noRoute: 8,
  unknownCommand: 9,
  protobufError: 10,
  boundToAnotherDevice: 11,
  forbidden: 12,
  tooManyDevices: 13,
  platformLimit: 14,
  userMuted: 15,
  encryptionDisabled: 16,
  encryptionEnabled: 17,
  decryptionFailed: 18,
  permissionDeniedExternal: 19,
  resourceChanged: 20,
} as const;

export type StatusCode = (typeof statusCodes)[keyof typeof statusCodes];

/** How an answer begins. The SDKs wait for ever for one that has none. */
export interface Status {
  readonly errorCode: StatusCode;
  readonly reason: string;
}

export const okStatus: Status = { errorCode: statusCodes.ok, reason: '' };
