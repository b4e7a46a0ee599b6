import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '@recalld/domain';
import {
  deletionSample,
  expirySample,
  policySample,
  purgeSample,
  resumptionSample,
  suspensionSample,
  testSample,
} from '../../testing/events.js';
import { appSample, recallSample, recordedSample, ruleSample, sampleNow } from '../../testing/samples.js';
import type { OpenedDelivery } from '../dialect.js';
import { envelopeOf } from './envelope.js';
import { native } from './native.js';
import { newNativeSecret } from './signature.js';

const secret = newNativeSecret();

function opened(change: Partial<OpenedDelivery> = {}): OpenedDelivery {
  return {
    app: appSample(),
    rule: ruleSample({ dialect: 'native' }),
    secret,
    previousSecret: null,
    events: [recordedSample(recallSample())],
    hostName: 'im-host-1',
    unread: 0,
    ...change,
  };
}

/** What a receiver that holds a secret makes of a callback sent now. */
function verified(held: string, change: Partial<OpenedDelivery> = {}): unknown {
  const { body, headers } = native.render(opened(change), Date.now());
  return new Webhook(held).verify(body, { ...headers });
}

describe('a native callback', () => {
  it('goes to the rule’s URL as a CloudEvents envelope with the headers of Standard Webhooks', () => {
    const { url, headers, body } = native.render(opened(), sampleNow + 30_999);

    expect(url).toBe('https://backend.example.com/callbacks');
    expect(Object.keys(headers)).toEqual([
      'content-type',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
    ]);
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': '1000000000000000001',
      'webhook-timestamp': '1700000030',
    });
    expect(body).toBe(JSON.stringify(envelopeOf(appSample(), recordedSample(recallSample()))));
  });

  it('is accepted by the verifier of Standard Webhooks, whatever characters its names have', () => {
    const events = [deletionSample({ user: 'Zoë', channel: '猫🐈' })];

    expect(verified(secret, { events })).toMatchObject({
      specversion: '1.0',
      data: { username: 'Zoë', channel: '猫🐈' },
    });
  });

  it('is refused by the verifier under another secret, another id or another body', () => {
    const { body, headers } = native.render(opened(), Date.now());
    const verify =
      (text: string, change = {}) =>
      () =>
        new Webhook(secret).verify(text, { ...headers, ...change });

    expect(verify(body)).not.toThrow();
    expect(() => verified(newNativeSecret())).toThrow('No matching signature');
    expect(verify(body, { 'webhook-id': '1000000000000000002' })).toThrow('No matching signature');
    expect(verify(body.replace('"forced":false', '"forced":true'))).toThrow('No matching signature');
  });

  it('is accepted under both secrets after a rotation, the current one signing first', () => {
    const previousSecret = newNativeSecret();

    expect(() => verified(secret, { previousSecret })).not.toThrow();
    expect(() => verified(previousSecret, { previousSecret })).not.toThrow();
    const signature = (change: Partial<OpenedDelivery>) =>
      native.render(opened(change), sampleNow).headers['webhook-signature'];
    expect(signature({ previousSecret })).toBe(`${signature({})} ${signature({ secret: previousSecret })}`);
  });

  it('is refused under the old secret once that is no longer signed with', () => {
    const old = newNativeSecret();

    expect(() => verified(old)).toThrow('No matching signature');
  });

  it('is the same text when it is rendered again, under the same id', () => {
    const [first, again] = [sampleNow, sampleNow].map((now) => native.render(opened(), now));
    const later = native.render(opened(), sampleNow + 86_400_000);

    expect(again).toEqual(first);
    expect(later.body).toBe(first?.body);
    expect(later.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(later.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
  });

  it('succeeds with any 2xx', () => {
    expect(
      [199, 200, 202, 204, 299, 300, 302, 400, 500].filter((status) => native.isSuccess(status)),
    ).toEqual([200, 202, 204, 299]);
  });

  it.each([
    ['unsigned', { secret: null }, 'no secret'],
    ['signed with an easemob secret', { secret: 's3cr3t' }, 'whsec_'],
    ['about an event without a public name', { events: [expirySample()] }, 'MessageExpired'],
    ['about nothing', { events: [] }, 'one event'],
    ['about two events', { events: [purgeSample(), policySample()] }, 'one event'],
  ])('never goes out %s', (_, change, why) => {
    expect(() => native.render(opened(change), sampleNow)).toThrow(why);
  });
});

describe('a test of a native rule', () => {
  it('is an event of its own type, signed like any other', () => {
    expect(
      verified(secret, { events: [testSample({ ruleId: 'rule1', ruleName: 'backend' })] }),
    ).toMatchObject({
      type: 'callback_rule.tested',
      subject: 'callback-rules/rule1',
      data: { appkey: 'acme#im', rule_id: 'rule1', rule_name: 'backend' },
    });
  });
});

describe('the id of an event', () => {
  const commandIds = fc.oneof(fc.uuid(), fc.stringMatching(/^[a-z0-9-]{1,12}$/));
  const events: fc.Arbitrary<RecordedEvent> = fc
    .record({
      event: fc.constantFrom<RecordedEvent>(
        deletionSample(),
        purgeSample(),
        policySample(),
        suspensionSample(),
        resumptionSample(),
        testSample(),
      ),
      position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      commandId: commandIds,
    })
    .map(({ event, ...stamps }) => ({ ...event, ...stamps }));
  const recalls = fc
    .bigInt({ min: 1n, max: 2n ** 63n - 1n })
    .map((id) => recordedSample(recallSample({ recallId: String(id) })));
  const rules = fc
    .record({ id: fc.uuid(), version: fc.nat(), url: fc.webUrl() })
    .map((rule) => ruleSample({ ...rule, dialect: 'native' }));
  const instants = fc.integer({ min: 0, max: 4_102_444_800_000 });

  it('is one over all rules and attempts: in the header, in the body, as the call id and on NATS', () => {
    const property = fc.property(
      fc.oneof(events, recalls),
      fc.array(fc.tuple(rules, instants), { minLength: 2 }),
      (event, attempts) => {
        const ids = attempts.flatMap(([rule, now]) => {
          const delivery = opened({ rule, events: [event] });
          const { headers, body } = native.render(delivery, now);
          const { id } = JSON.parse(body) as { id: string };
          return [headers['webhook-id'], id, native.callId(delivery)];
        });
        const onNats = envelopeOf(appSample(), event)?.id;
        expect(new Set([...ids, ...(onNats === undefined ? [] : [onNats])]).size).toBe(1);
      },
    );
    fc.assert(property);
  });

  it('is never that of another event, and fits into a header', () => {
    const property = fc.property(
      fc.uniqueArray(fc.oneof(events, recalls), {
        // What the store keeps apart: recalls by their own id, everything by its position.
        selector: (event) => (event.type === 'MessageRecalled' ? event.data.recallId : event.position),
      }),
      (all) => {
        const ids = all.map((event) => native.callId({ app: appSample(), events: [event] }));
        expect(new Set(ids).size).toBe(all.length);
        expect(ids.every((id) => /^[\w-]+$/.test(id ?? ''))).toBe(true);
      },
    );
    fc.assert(property);
  });
});
