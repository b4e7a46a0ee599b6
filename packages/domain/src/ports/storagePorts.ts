import type { Apps } from './apps.js';
import type { Attachments } from './attachments.js';
import type { CallbackRules } from './callbackRules.js';
import type { ChatReader, Chats } from './chats.js';
import type { CommandStore } from './commandStore.js';
import type { ContentReader } from './contentReader.js';
import type { DeliveryQueue, DeliveryReader } from './deliveryQueue.js';
import type { EventLog } from './eventLog.js';
import type { ExpiredMessages } from './expiredMessages.js';
import type { Secrets } from './secrets.js';
import type { TimelineReader } from './timelineReader.js';
import type { Users } from './users.js';

/** Every port that one store answers, so that an environment swaps them as one object. */
export interface StoragePorts {
  readonly commands: CommandStore;
  readonly log: EventLog;
  readonly timelines: TimelineReader;
  readonly contents: ContentReader;
  readonly expired: ExpiredMessages;
  readonly deliveries: DeliveryQueue;
  readonly deliveryReader: DeliveryReader;
  readonly rules: CallbackRules;
  readonly apps: Apps;
  readonly users: Users;
  readonly chats: Chats;
  readonly chatReader: ChatReader;
  readonly attachments: Attachments;
  readonly secrets: Secrets;
}
