import type { Clock } from '../../ports/clock.js';
import type { NodeName } from '../../ports/devices.js';
import type { StoragePorts } from '../../ports/storagePorts.js';
import type { StoredContent } from '../../message/content.js';
import type { ItemId } from '../../kernel/ids.js';
import { createMemoryAttachments } from './attachments.js';
import { createMemoryCallbackRules } from './callbackRules.js';
import { createMemoryChatReader, createMemoryChats } from './chats.js';
import { createMemoryCommandStore } from './commandStore.js';
import { createMemoryDeliveryQueue } from './deliveries.js';
import { createMemoryDeliveryReader } from './deliveryReader.js';
import { createMemoryDeviceQueues } from './deviceQueues.js';
import { createMemoryDevices } from './devices.js';
import { createMemoryApps, createMemorySecrets, createMemoryUsers } from './directory.js';
import { createMemoryEventLog } from './eventLog.js';
import { createMemoryFinishedDeliveries } from './finishedDeliveries.js';
import { createMemoryLeases } from './leases.js';
import { createMemoryRateLimits } from './rateLimits.js';
import { createMemoryReadModels } from './readModels.js';
import { createMemoryRedeliveries } from './redeliveries.js';
import { createMemoryRestraints } from './restraints.js';
import { createMemoryRetryKeys } from './retryKeys.js';
import { createMemoryRuleHealths } from './ruleHealths.js';
import { createMemorySealedSecrets } from './sealedSecrets.js';
import { bodyKey, emptyState } from './state.js';
import type { MemoryState } from './state.js';
import { createMemoryTimelineReader } from './timelineReader.js';

/** The one process that has it. */
export const memoryNode: NodeName = 'this node';

/**
 * Every storage port over one memory: the whole semantics, and nothing survives the process. `clock`
 * is the store's own, by which leases end; `lives` says which nodes do.
 */
export function createMemoryStorage(
  clock: Clock = { now: () => Date.now() },
  lives: (node: NodeName) => boolean = () => true,
): StoragePorts {
  const state = emptyState();
  return {
    node: memoryNode,
    commands: createMemoryCommandStore(state),
    log: createMemoryEventLog(state),
    timelines: createMemoryTimelineReader(state),
    devices: createMemoryDevices(state, lives),
    queues: createMemoryDeviceQueues(state),
    retryKeys: createMemoryRetryKeys(state),
    contents: { read: async (app, items) => new Map(items.flatMap((item) => bodyOf(state, app, item))) },
    expired: { list: async (now, limit) => expiredOf(state, now).slice(0, limit) },
    deliveries: createMemoryDeliveryQueue(state),
    deliveryReader: createMemoryDeliveryReader(state),
    redeliveries: createMemoryRedeliveries(state),
    finishedDeliveries: createMemoryFinishedDeliveries(state),
    rules: createMemoryCallbackRules(state),
    ruleHealths: createMemoryRuleHealths(state),
    checkpoints: {
      read: async (feed) => state.checkpoints.get(feed),
      write: async (feed, position) => {
        state.checkpoints.set(feed, position);
      },
    },
    readModels: createMemoryReadModels(state),
    leases: createMemoryLeases(state, clock),
    apps: createMemoryApps(state),
    rateLimits: createMemoryRateLimits(state),
    users: createMemoryUsers(state),
    chats: createMemoryChats(state),
    chatReader: createMemoryChatReader(state),
    restraints: createMemoryRestraints(state),
    attachments: createMemoryAttachments(state),
    secrets: createMemorySecrets(state),
    sealedSecrets: createMemorySealedSecrets(state),
  };
}

function bodyOf(state: MemoryState, app: number, item: ItemId): readonly [ItemId, StoredContent][] {
  const body = state.bodies.get(bodyKey(app, item));
  return body === undefined ? [] : [[item, { ...body, payload: body.payload.slice() }]];
}

function expiredOf(state: MemoryState, now: number) {
  return [...state.timelines.values()]
    .flatMap(({ items }) => items)
    .flatMap((item) =>
      item.kind === 'message' && item.expiresAt !== null ? { ...item, at: item.expiresAt } : [],
    )
    .filter(
      (item) => item.at <= now && item.state === 'live' && state.bodies.has(bodyKey(item.app, item.itemId)),
    )
    .sort((a, b) => a.at - b.at)
    .map(({ app, itemId }) => ({ app, msgId: itemId }));
}
