import type { Clock, Log, StoragePorts } from '@recalld/domain';
import type { Labels } from './attachments/labels.js';
import { createAttachments } from './attachments/attachments.js';
import type { Bodies } from './bodies/bodies.js';
import { createCallbackRules } from './callbacks/callbackRules.js';
import { createDeliveryQueue } from './callbacks/deliveryQueue.js';
import { createFinishedDeliveries } from './callbacks/finishedDeliveries.js';
import { createRedeliveries } from './callbacks/redeliveries.js';
import { createMoveHealth } from './callbacks/moveHealth.js';
import { createRuleHealths } from './callbacks/ruleHealths.js';
import { createCommandStore } from './commands/commandStore.js';
import { createApps } from './directory/apps.js';
import { createChatReader } from './directory/chatReader.js';
import { createChats } from './directory/chats.js';
import { createFeedCheckpoints } from './directory/feedCheckpoints.js';
import { createLeases } from './directory/leases.js';
import { createRateLimits } from './directory/rateLimits.js';
import { createRestraints } from './directory/restraints.js';
import { createSealedSecrets } from './directory/sealedSecrets.js';
import { createSecrets } from './directory/secrets.js';
import { createUsers } from './directory/users.js';
import { createDevices } from './devices/devices.js';
import { createDeviceQueues } from './devices/queues.js';
import { createRetryKeys } from './devices/retryKeys.js';
import type { Database } from './engines/database.js';
import type { SessionNodes } from './nodes/sessionNodes.js';
import { createExpiredMessages } from './readers/expiredMessages.js';
import { createPositionBefore } from './readers/positionBefore.js';
import { createReadPorts, openBooks } from './readPorts.js';
import { createRebuilds } from './rebuild/rebuilds.js';

export interface StorageParts {
  readonly database: Database;
  readonly bodies: Bodies;
  readonly labels: Labels;
  readonly nodes: SessionNodes;
  readonly clock: Clock;
  readonly log: Log | undefined;
}

/** Every port that a database answers: the same on each engine. */
export function createStoragePorts(parts: StorageParts): StoragePorts {
  const { database, bodies, labels, nodes, clock, log } = parts;
  const books = openBooks(database);
  const { generations, rules, partsOf, currentApps } = books;
  const moveHealth = createMoveHealth(database);
  const positionBefore = createPositionBefore(database);
  return {
    ...createReadPorts(database, books, log),
    node: nodes.own,
    commands: createCommandStore({ database, rules, generations, bodies, eraseLabels: labels.erase }),
    contents: bodies,
    devices: createDevices(database, nodes),
    queues: createDeviceQueues(database),
    retryKeys: createRetryKeys(database),
    expired: createExpiredMessages(database.db),
    deliveries: createDeliveryQueue({ database, rules, generations, moveHealth, partsOf, log }),
    redeliveries: createRedeliveries({ database, positionBefore }),
    finishedDeliveries: createFinishedDeliveries({ database, rules, positionBefore }),
    rules: createCallbackRules({ database, generations, moveHealth }),
    ruleHealths: createRuleHealths({ database, rules, generations, moveHealth }),
    checkpoints: createFeedCheckpoints(database),
    readModels: createRebuilds(database),
    leases: createLeases(database, clock),
    apps: createApps({ database, generations, current: currentApps }),
    rateLimits: createRateLimits(database, generations),
    users: createUsers(database),
    chats: createChats(database),
    chatReader: createChatReader(database.db),
    restraints: createRestraints(database),
    attachments: createAttachments(database, labels),
    secrets: createSecrets(database),
    sealedSecrets: createSealedSecrets(database, generations),
  };
}
