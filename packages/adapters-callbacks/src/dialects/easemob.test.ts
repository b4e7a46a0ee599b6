import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  appSample,
  groupRecallSample,
  recallSample,
  recordedSample,
  ruleSample,
  sampleNow,
} from '../testing/samples.js';
import { testSample } from '../testing/events.js';
import type { OpenedDelivery } from './dialect.js';
import { easemob } from './easemob.js';

function opened(change: Partial<OpenedDelivery> = {}): OpenedDelivery {
  return {
    app: appSample(),
    rule: ruleSample(),
    secret: 's3cr3t',
    previousSecret: null,
    events: [recordedSample(recallSample())],
    hostName: 'im-host-1',
    unread: 0,
    ...change,
  };
}

describe('a recall in the easemob dialect', () => {
  it('is the JSON of seed 000, byte for byte in the order of its sample', () => {
    const request = easemob.render(opened(), sampleNow + 5_000);

    expect(request.url).toBe('https://backend.example.com/callbacks');
    expect(request.headers).toEqual({ 'Content-Type': 'application/json' });
    expect(request.body).toBe(
      '{"chat_type":"recall","callId":"acme#im_1000000000000000001",' +
        '"security":"f17f88b2d01e8e2e135ddd385cec9d41",' +
        '"payload":{"ext":{},"ack_message_id":"999999999999999999","bodies":[]},' +
        '"host":"im-host-1","appkey":"acme#im","from":"u1","recall_id":"999999999999999999","to":"u2",' +
        '"eventType":"chat","msg_id":"1000000000000000001","timestamp":1700000000000,' +
        '"securityVersion":"1.0.0"}',
    );
  });

  it.each([
    ['acme', 'im', '1000000000000000001', 's3cr3t', 1_700_000_000_000, 'f17f88b2d01e8e2e135ddd385cec9d41'],
    [
      'orgname',
      'appname',
      '966475585536657404',
      'my-rule-secret',
      1_642_589_932_646,
      '111f2d89bcf3a3c8028858039a5bf88c',
    ],
  ])(
    'is signed as the vectors of contract B1: %s#%s',
    (org, name, recallId, secret, occurredAt, security) => {
      const recall = recordedSample({ ...recallSample({ recallId }), occurredAt });

      const { body } = easemob.render(opened({ app: appSample({ org, name }), secret, events: [recall] }), 0);

      expect(JSON.parse(body)).toMatchObject({ security, timestamp: occurredAt });
    },
  );

  it('is signed over UTF-8 text as a receiver recomputes it', () => {
    const { body } = easemob.render(opened({ secret: 'schlüssel·密钥' }), sampleNow);

    const said = JSON.parse(body) as { callId: string; timestamp: number; security: string };
    const text = said.callId + 'schlüssel·密钥' + String(said.timestamp);
    expect(said.security).toBe(createHash('md5').update(Buffer.from(text, 'utf8')).digest('hex'));
  });

  it.each(['groupchat', 'chatroom'] as const)('names the chat as to and group_id in a %s', (kind) => {
    const events = [recordedSample(groupRecallSample(3, { chat: { kind, id: '5001' } }))];

    const { body } = easemob.render(opened({ events }), sampleNow);

    expect(JSON.parse(body)).toMatchObject({ chat_type: 'recall', to: '5001', group_id: '5001' });
  });

  it('carries no signature when the rule has no secret', () => {
    const { body } = easemob.render(opened({ secret: null }), sampleNow);

    expect(JSON.parse(body)).not.toHaveProperty('security');
  });

  it('has the appkey and the recall id as its callId, whatever the attempt', () => {
    expect(easemob.callId(opened())).toBe('acme#im_1000000000000000001');
  });

  it('succeeds with status 200 alone', () => {
    expect([200, 201, 202, 204, 301, 302, 400, 500].filter((status) => easemob.isSuccess(status))).toEqual([
      200,
    ]);
  });
});

describe('a test of a rule in the easemob dialect', () => {
  it('is the recall of ids that name nothing, between names that nobody has', () => {
    const events = [testSample({ ruleId: 'rule1', msgId: '111', recallId: '222' })];

    const { body } = easemob.render(opened({ events, secret: null }), sampleNow);

    expect(body).toBe(
      '{"chat_type":"recall","callId":"acme#im_222",' +
        '"payload":{"ext":{},"ack_message_id":"111","bodies":[]},' +
        '"host":"im-host-1","appkey":"acme#im","from":"recalld_test","recall_id":"111","to":"recalld_test",' +
        '"eventType":"chat","msg_id":"222","timestamp":1700000000000,"securityVersion":"1.0.0"}',
    );
    expect(easemob.callId(opened({ events }))).toBe('acme#im_222');
  });
});
