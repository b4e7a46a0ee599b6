import { describe } from 'vitest';
import { describeAttachments } from './attachments.js';
import { describeCallbackRules } from './callbackRules.js';
import { describeChatReader, describeChats } from './chats.js';
import { describeCommandStore } from './commandStore.js';
import { describeCommandStoreFacts } from './commandStoreFacts.js';
import { describeContentReader } from './contents.js';
import { describeConversations } from './conversations.js';
import { describeDeliveryQueue } from './deliveryQueue.js';
import { describeDeliveryReader } from './deliveryReader.js';
import { describeApps, describeSecrets, describeUsers } from './directory.js';
import { describeEventLog } from './eventLog.js';
import { describeExpiredMessages } from './expiredMessages.js';
import { describeRoaming } from './roaming.js';
import type { StorageHarness } from './support.js';

/** Runs the suites of all storage ports. */
export function describeStoragePorts(name: string, harness: StorageHarness): void {
  describe(`storage: ${name}`, () => {
    describeCommandStore(name, harness);
    describeCommandStoreFacts(name, harness);
    describeContentReader(name, harness);
    describeEventLog(name, harness);
    describeRoaming(name, harness);
    describeConversations(name, harness);
    describeExpiredMessages(name, harness);
    describeAttachments(name, harness);
    describeDeliveryQueue(name, harness);
    describeDeliveryReader(name, harness);
    describeCallbackRules(name, harness);
    describeChats(name, harness);
    describeChatReader(name, harness);
    describeApps(name, harness);
    describeUsers(name, harness);
    describeSecrets(name, harness);
  });
}
