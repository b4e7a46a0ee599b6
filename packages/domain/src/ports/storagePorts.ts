import type { Apps } from './apps.js';
import type { Attachments } from './attachments.js';
import type { CallbackRules } from './callbackRules.js';
import type { ChatReader, Chats } from './chats.js';
import type { CommandStore } from './commandStore.js';
import type { ContentReader } from './contentReader.js';
import type { DeliveryQueue } from './deliveryQueue.js';
import type { DeliveryReader } from './deliveryReader.js';
import type { DeviceQueues, Devices, NodeName } from './devices.js';
import type { EventLog } from './eventLog.js';
import type { ExpiredMessages } from './expiredMessages.js';
import type { FeedCheckpoints } from './feedCheckpoints.js';
import type { FinishedDeliveries } from './finishedDeliveries.js';
import type { Leases } from './leases.js';
import type { RateLimits } from './rateLimits.js';
import type { ReadModels } from './readModels.js';
import type { Redeliveries } from './redeliveries.js';
import type { Restraints } from './restraints.js';
import type { RetryKeys } from './retryKeys.js';
import type { RuleHealths } from './ruleHealths.js';
import type { SealedSecrets } from './sealedSecrets.js';
import type { Secrets } from './secrets.js';
import type { TimelineReader } from './timelineReader.js';
import type { Users } from './users.js';

/** Every port that one store answers, so that an environment swaps them as one object. */
export interface StoragePorts {
  /** This process, for as long as the store is in touch with it. */
  readonly node: NodeName;
  readonly commands: CommandStore;
  readonly log: EventLog;
  readonly timelines: TimelineReader;
  readonly contents: ContentReader;
  readonly devices: Devices;
  readonly queues: DeviceQueues;
  readonly retryKeys: RetryKeys;
  readonly expired: ExpiredMessages;
  readonly deliveries: DeliveryQueue;
  readonly deliveryReader: DeliveryReader;
  readonly redeliveries: Redeliveries;
  readonly finishedDeliveries: FinishedDeliveries;
  readonly rules: CallbackRules;
  readonly ruleHealths: RuleHealths;
  readonly checkpoints: FeedCheckpoints;
  readonly readModels: ReadModels;
  readonly leases: Leases;
  readonly apps: Apps;
  readonly rateLimits: RateLimits;
  readonly users: Users;
  readonly chats: Chats;
  readonly chatReader: ChatReader;
  readonly restraints: Restraints;
  readonly attachments: Attachments;
  readonly secrets: Secrets;
  readonly sealedSecrets: SealedSecrets;
}
