/** How a command came in: by which vendor's API, by a client's own connection, or by the management API. */
export type Via = 'easemob' | 'tencent' | 'client' | 'admin';

/** The platform that a command came from, in the words of the tencent dialect's `OptPlatform`. */
export type Platform = 'RESTAPI' | 'Web' | 'Android' | 'iOS' | 'Windows' | 'Mac' | 'iPad' | 'Unknown';

/** Where a command came from: kept on the event, for the audit trail and for callbacks. */
export interface Origin {
  readonly via: Via;
  readonly platform: Platform;
  /** The caller's address, IPv4 or IPv6 text. */
  readonly ip: string;
}
