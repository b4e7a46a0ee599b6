import type { RecordedEvent } from '@recalld/domain';
import { publicEventTypes } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import {
  deletionSample,
  expirySample,
  policySample,
  purgeSample,
  resumptionSample,
  sendingSample,
  suspensionSample,
  testSample,
} from '../../testing/events.js';
import { appSample, groupRecallSample, recallSample, recordedSample } from '../../testing/samples.js';
import { envelopeOf, testEnvelopeOf } from './envelope.js';

const stamps = { position: 42, commandId: '0d5e8f0e-8f5c-4d0a-9c63-0b8d6cf0f1aa' };
const eventId = '0d5e8f0e-8f5c-4d0a-9c63-0b8d6cf0f1aa-42';
const time = '2023-11-14T22:13:20.000Z';

/** An event of each public type, and its envelope byte for byte. */
const told: readonly (readonly [RecordedEvent, string])[] = [
  [
    recordedSample(recallSample()),
    `{"specversion":"1.0","id":"1000000000000000001","source":"/apps/acme/im","type":"message.recalled","time":"${time}",` +
      '"subject":"messages/999999999999999999","data":{"appkey":"acme#im","msg_id":"999999999999999999",' +
      '"recall_id":"1000000000000000001","chat_type":"chat","from":"u1","to":"u2","recalled_by":"admin",' +
      '"via":"easemob","forced":false}}',
  ],
  [
    deletionSample(),
    `{"specversion":"1.0","id":"${eventId}","source":"/apps/acme/im","type":"conversation.deleted","time":"${time}",` +
      '"subject":"conversations/u1/chat/u2","data":{"appkey":"acme#im","username":"u1","channel":"u2",' +
      '"type":"chat","delete_roam":false}}',
  ],
  [
    purgeSample(),
    `{"specversion":"1.0","id":"${eventId}","source":"/apps/acme/im","type":"attachment.purged","time":"${time}",` +
      '"subject":"attachments/5b0f9f60-1a2b-4c3d-8e4f-5a6b7c8d9e0f","data":{"appkey":"acme#im",' +
      '"file_uuid":"5b0f9f60-1a2b-4c3d-8e4f-5a6b7c8d9e0f","msg_id":"1"}}',
  ],
  [
    policySample(),
    `{"specversion":"1.0","id":"${eventId}","source":"/apps/acme/im","type":"recall_policy.changed","time":"${time}",` +
      '"subject":"recall-policy","data":{"appkey":"acme#im","enabled":true,"window_seconds":300,"version":2}}',
  ],
  [
    suspensionSample(),
    `{"specversion":"1.0","id":"${eventId}","source":"/apps/acme/im","type":"callback_rule.suspended","time":"${time}",` +
      '"subject":"callback-rules/other","data":{"appkey":"acme#im","rule_id":"other","rule_name":"archive",' +
      '"failing_since":1699999400000}}',
  ],
  [
    resumptionSample(),
    `{"specversion":"1.0","id":"${eventId}","source":"/apps/acme/im","type":"callback_rule.resumed","time":"${time}",` +
      '"subject":"callback-rules/other","data":{"appkey":"acme#im","rule_id":"other","rule_name":"archive"}}',
  ],
];

function envelope(event: RecordedEvent) {
  return envelopeOf(appSample(), { ...event, ...stamps });
}

describe('the envelope of an event', () => {
  it.each(told.map(([event, text]) => ({ event, text })))(
    'of $event.type is this, byte for byte',
    ({ event, text }) => {
      expect(JSON.stringify(envelope(event))).toBe(text);
    },
  );

  it('is known here for every public type', () => {
    expect(told.map(([event]) => envelope(event)?.type)).toEqual(publicEventTypes);
  });

  it.each(['groupchat', 'chatroom'] as const)(
    'names a %s in group_id, between to and recalled_by',
    (kind) => {
      const recall = groupRecallSample(3, { chat: { kind, id: '5001' }, forced: true });

      expect(JSON.stringify(envelope(recordedSample(recall))?.data)).toBe(
        `{"appkey":"acme#im","msg_id":"9003","recall_id":"8003","chat_type":"${kind}","from":"u1","to":"5001",` +
          '"group_id":"5001","recalled_by":"admin","via":"easemob","forced":true}',
      );
    },
  );

  it.each(['easemob', 'tencent', 'client', 'admin'] as const)('says that a recall came in via %s', (via) => {
    const recall = recallSample({ origin: { via, platform: 'Web', ip: '192.0.2.7' } });

    expect(envelope(recordedSample(recall))?.data).toMatchObject({ via });
  });

  it('says whether roaming went with the conversation', () => {
    const data = envelope(deletionSample({ kind: 'groupchat', channel: 'g1', roaming: 'deleted' }))?.data;

    expect(data).toMatchObject({ type: 'groupchat', channel: 'g1', delete_roam: true });
  });

  it('percent-encodes the parts of its subject, so that no two subjects are one', () => {
    const event = deletionSample({ user: 'a/b c', channel: 'ü%?#' });

    expect(envelope(event)).toMatchObject({
      subject: 'conversations/a%2Fb%20c/chat/%C3%BC%25%3F%23',
      data: { username: 'a/b c', channel: 'ü%?#' },
    });
  });

  it('has milliseconds in its time', () => {
    expect(envelope({ ...policySample(), occurredAt: 1_700_000_000_007 })?.time).toBe(
      '2023-11-14T22:13:20.007Z',
    );
  });

  it.each([sendingSample(), expirySample(), testSample()])(
    'is none for $type, which is told to nobody',
    (event) => {
      expect(envelope(event)).toBeUndefined();
    },
  );
});

describe('the envelope of a test', () => {
  it('is this, byte for byte', () => {
    expect(JSON.stringify(testEnvelopeOf(appSample(), { ...testSample(), ...stamps }))).toBe(
      `{"specversion":"1.0","id":"${eventId}","source":"/apps/acme/im","type":"callback_rule.tested","time":"${time}",` +
        '"subject":"callback-rules/other","data":{"appkey":"acme#im","rule_id":"other","rule_name":"archive"}}',
    );
  });
});
