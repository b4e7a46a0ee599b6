/** The domain's bounds. Every adapter checks its input against these, in its own vendor's words. */
export const limits = {
  /** Recall window, seconds (seed 002: two minutes by default, seven days at most). */
  recallWindowSecondsMin: 1,
  recallWindowSecondsMax: 604_800,
  recallWindowSecondsDefault: 120,
  /** UTF-8 bytes of a user's, group's or room's id. */
  idBytesMax: 64,
  /** Users that one user may have blocked, as the vendor has it. */
  blockedUsersMax: 500,
  /** Members of one group or room that are muted at a time. */
  mutedMembersMax: 1_000,
  /** UTF-8 bytes of a device's name. */
  deviceIdBytesMax: 256,
  /** Devices that are remembered of one user; the one unseen for longest is forgotten first. */
  devicesPerUserMax: 64,
  /** How long an unseen device is remembered. A user's last one is never forgotten. */
  deviceKeptMs: 30 * 86_400_000,
  /** Items that one page of a device's queue looks at, however few of them are for the device. */
  pageLooksMax: 1_000,
  /** UTF-8 bytes of a retry key, and how long it is known. */
  retryKeyBytesMax: 512,
  retryKeptMs: 86_400_000,
  /** Messages that one deletion from roaming names (contract A6). */
  roamingDeletionIdsMax: 50,
  /** Members that one directed message names. */
  directedToMax: 20,
  /** Bytes of one message's body with its extension, as a vendor's edge takes it (contract A9, G16). */
  messageBytesMax: 5_120,
  /** The same of a message as a client encodes it: names, tags, a file's URLs and secrets come on top. */
  clientMessageBytesMax: 6_144,
  /** UTF-8 bytes of a stored message body with its extension. */
  contentBytesMax: 1_048_576,
  /** Attachments that one message may refer to. */
  attachmentsPerMessageMax: 16,
  /** Units (one `submit` each) in one commit, and waiting for one. */
  batchUnitsMax: 256,
  queueUnitsMax: 65_536,
  /** Commands in one `submit`. */
  unitCommandsMax: 1_000,
  /** Rounds of load and decide for a unit whose stream keeps moving, before `Contended`. */
  commitAttemptsMax: 5,
  /** Rows of one page of anything. */
  pageRowsDefault: 100,
  pageRowsMax: 1_000,
  /** The highest value of any rate limit. */
  rateMax: 1_000_000,
  /** Callback rules of one app: each may make a delivery of every event. */
  callbackRulesMax: 100,
  callbackUrlCharsMax: 2_048,
  callbackSecretCharsMax: 256,
  callbackNameCharsMax: 64,
  /** Requests to one rule's receiver at a time, at most. */
  callbackConcurrencyMax: 64,
  /** PEM text of a certificate, a key, or a list of authorities. */
  callbackPemCharsMax: 65_536,
  /** How long a native rule signs with its last secret too, after a rotation, seconds. */
  secretOverlapSecondsDefault: 86_400,
  secretOverlapSecondsMax: 604_800,
  /** A rule is suspended when nothing has succeeded for this long. */
  suspendAfterMs: 600_000,
  /** The longest wait that a receiver may ask for with Retry-After. */
  retryAfterMsMax: 86_400_000,
  /** Deliveries that one redelivery may name. */
  redeliveryIdsMax: 1_000,
  /** Redeliveries of one app that are not finished yet. */
  redeliveryJobsRunningMax: 10,
  /** Kept of a receiver's answer, bytes. */
  callbackAnswerBytesMax: 4_096,
  callbackConnectTimeoutMs: 5_000,
  /** One attempt's whole deadline: connect, headers and body. */
  callbackTimeoutMs: 10_000,
  /** How long a worker holds a delivery before another may take it over. */
  deliveryLeaseMs: 20_000,
  /** How long a node holds work that one at a time does, how often it prolongs that, and how often others ask for it. */
  workLeaseMs: 15_000,
  workLeaseBeatMs: 5_000,
  workLeaseAskMs: 1_000,
  /** So much earlier than in the store a lease is over for its holder: clocks do not run alike. */
  workLeaseMarginMs: 1_000,
  /** The sweep that finds what no signal announced. */
  sweepIntervalMs: 5_000,
  /** The same for clients that are connected: they wait for nothing else. */
  liveSweepMs: 1_000,
  /** How long an id may seem to come from the future before it is unknown: clocks differ. */
  clockSkewMsMax: 5_000,
} as const;
