import { limits } from '@recalld/domain';
import type { ChatRef, DeliveryView, Dialect, RecordedEvent } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { createCallbackRequests } from '../callbackRequests.js';
import { deletionSample, policySample, purgeSample, suspensionSample } from '../testing/events.js';
import { silentLog } from '../testing/natsWorld.js';
import { appSample, recallSample, recordedSample, ruleSample, sampleNow } from '../testing/samples.js';
import { createFeedSources } from './feedMessages.js';
import type { FeedMessage } from './feedMessages.js';
import { feedLimits } from './feedStreams.js';

/** What the documents promise of every message, its headers included. */
const messageBytesMax = 65_536;

/** Of the ids that there may be, one that becomes the longest when it is escaped. */
const longest = '"'.repeat(limits.idBytesMax);
const app = appSample({ org: 'o'.repeat(64), name: 'n'.repeat(64) });
const number = Number.MAX_SAFE_INTEGER;
const group: ChatRef = { kind: 'groupchat', id: longest, groupType: 'Community' };
const recall = recordedSample(
  recallSample({
    ...{ msgId: longest, recallId: longest, from: longest, by: longest, messageSeq: number },
    chat: group,
    origin: { via: 'tencent', platform: 'Android', ip: 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255' },
  }),
  { position: number },
);

/** The feeds of a log whose every event has one callback, of the longest rule there may be. */
function given(dialect: Dialect, told: readonly RecordedEvent[]) {
  const rule = ruleSample({
    dialect,
    sealedSecret: 'sealed',
    url: `https://backend.example.com/?${'\u5b57'.repeat(limits.callbackUrlCharsMax - 29)}`,
  });
  expect(rule.url).toHaveLength(limits.callbackUrlCharsMax);
  const delivery: DeliveryView = {
    id: `${number}-${rule.id}`,
    ...{ app, rule, events: told, state: { status: 'delivered', attempts: 1 } },
    ...{ createdAt: sampleNow, lastStatus: null, lastError: null },
  };
  return createFeedSources({
    apps: { findByNo: async () => app },
    deliveryReader: { startingAt: async () => [delivery] },
    requests: createCallbackRequests({
      box: { open: () => 's'.repeat(limits.callbackSecretCharsMax), seal: (secret) => secret },
      hostName: 'h'.repeat(255),
      unread: async () => number,
      clock: { now: () => sampleNow },
    }),
    log: silentLog(),
  });
}

function bytesOf([message]: readonly FeedMessage[]): number {
  if (message === undefined) throw new Error('there is a message');
  const { subject, id, headers, body } = message;
  return Buffer.byteLength(JSON.stringify({ subject, id, headers })) + Buffer.byteLength(body);
}

describe('the largest messages of the feeds', () => {
  const aboutRule = { ruleId: longest, ruleName: '\u{1f600}'.repeat(limits.callbackNameCharsMax) };

  it.each<RecordedEvent>([
    recall,
    deletionSample({ user: longest, channel: longest }),
    purgeSample({ attachment: longest, msgId: longest }),
    policySample({ windowSeconds: limits.recallWindowSecondsMax, version: number }),
    suspensionSample(aboutRule),
  ])('are small when they tell of $type', async (event) => {
    const { events } = given('native', [event]);
    expect(bytesOf(await events.messagesOf(event))).toBeLessThan(messageBytesMax / 8);
  });

  it.each([
    ['easemob', [recall], 1_000],
    ['tencent', Array<RecordedEvent>(limits.unitCommandsMax).fill(recall), 40_000],
  ] as const)('are taken by every broker when they are %s callbacks', async (dialect, recalls, bytesMin) => {
    const { callbacks } = given(dialect, recalls);
    const bytes = bytesOf(await callbacks.messagesOf(recall));
    expect(bytes).toBeGreaterThan(bytesMin);
    expect(bytes).toBeLessThan(messageBytesMax);
    expect(messageBytesMax).toBeLessThan(feedLimits.messageBytesMax);
  });
});
