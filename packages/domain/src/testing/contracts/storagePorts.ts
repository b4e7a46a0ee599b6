import { describe } from 'vitest';
import { describeAttachments } from './attachments.js';
import { describeCallbackRules } from './callbackRules.js';
import { describeChatReader, describeChats } from './chats.js';
import { describeCommandStore } from './commandStore.js';
import { describeCommandStoreFacts } from './commandStoreFacts.js';
import { describeContentReader } from './contents.js';
import { describeConversations } from './conversations.js';
import { describeDeliveryOrder } from './deliveryOrder.js';
import { describeDeliveryQueue } from './deliveryQueue.js';
import { describeDeliveryQueueRules } from './deliveryQueueRules.js';
import { describeDeliveryReader } from './deliveryReader.js';
import { describeApps, describeSecrets, describeUsers } from './directory.js';
import { describeEventLog } from './eventLog.js';
import { describeExpiredMessages } from './expiredMessages.js';
import { describeFeedCheckpoints } from './feedCheckpoints.js';
import { describeFinishedDeliveries } from './finishedDeliveries.js';
import { describeLeases } from './leases.js';
import { describeRedeliveries } from './redeliveries.js';
import { describeRedeliveryJobs } from './redeliveryJobs.js';
import { describeRedeliveryTurns } from './redeliveryTurns.js';
import { describeRoaming } from './roaming.js';
import { describeRuleHealthNews } from './ruleHealthNews.js';
import { describeRuleHealths } from './ruleHealths.js';
import { describeSealedSecrets } from './sealedSecrets.js';
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
    describeDeliveryQueueRules(name, harness);
    describeDeliveryOrder(name, harness);
    describeDeliveryReader(name, harness);
    describeRedeliveries(name, harness);
    describeRedeliveryJobs(name, harness);
    describeRedeliveryTurns(name, harness);
    describeFinishedDeliveries(name, harness);
    describeRuleHealths(name, harness);
    describeRuleHealthNews(name, harness);
    describeCallbackRules(name, harness);
    describeFeedCheckpoints(name, harness);
    describeLeases(name, harness);
    describeChats(name, harness);
    describeChatReader(name, harness);
    describeApps(name, harness);
    describeUsers(name, harness);
    describeSecrets(name, harness);
    describeSealedSecrets(name, harness);
  });
}
