import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '@recalld/domain';
import {
  appSample,
  groupRecallSample,
  recallSample,
  recordedSample,
  ruleSample,
  sampleNow,
  sampleOrigin,
} from '../testing/samples.js';
import { testSample } from '../testing/events.js';
import type { OpenedDelivery } from './dialect.js';
import { tencent } from './tencent.js';

const rule = ruleSample({ dialect: 'tencent', url: 'https://www.example.com' });

function render(decided: readonly DomainEvent[], change: Partial<OpenedDelivery> = {}, now = sampleNow) {
  const events = decided.map((event) => recordedSample(event));
  const secrets = { secret: null, previousSecret: null };
  const delivery = { app: appSample(), rule, ...secrets, events, hostName: 'im-host-1', unread: 0 };
  return tencent.render({ ...delivery, ...change }, now);
}

describe('recalls of a group in the tencent dialect', () => {
  it('are the five fields of seed 001, in its order', () => {
    const { body, headers } = render([
      groupRecallSample(130, { chat: { kind: 'groupchat', id: '1213456', groupType: 'Public' } }),
    ]);

    expect(body).toBe(
      '{"CallbackCommand":"Group.CallbackAfterRecallMsg","Operator_Account":"admin","Type":"Public",' +
        '"GroupId":"1213456","MsgSeqList":[{"MsgSeq":130}]}',
    );
    expect(headers).toEqual({ 'Content-Type': 'application/json' });
  });

  it('name every MsgSeq of the call in one callback', () => {
    const { body } = render([5, 3, 9].map((seq) => groupRecallSample(seq)));

    expect(JSON.parse(body)).toMatchObject({ MsgSeqList: [{ MsgSeq: 5 }, { MsgSeq: 3 }, { MsgSeq: 9 }] });
  });

  it.each([
    [{ kind: 'groupchat', id: 'g1' }, 'Private'],
    [{ kind: 'groupchat', id: 'g1', groupType: 'Work' }, 'Work'],
    [{ kind: 'chatroom', id: 'r1', groupType: 'ChatRoom' }, 'ChatRoom'],
    [{ kind: 'chatroom', id: 'r1' }, 'ChatRoom'],
  ] as const)('say the type of %o', (chat, type) => {
    expect(JSON.parse(render([groupRecallSample(1, { chat })]).body)).toMatchObject({ Type: type });
  });

  it('go to the rule URL with the parameters of seed 001 in its order', () => {
    expect(render([groupRecallSample(1)]).url).toBe(
      'https://www.example.com/?SdkAppid=1400000000&CallbackCommand=Group.CallbackAfterRecallMsg' +
        '&contenttype=json&ClientIP=192.0.2.7&OptPlatform=RESTAPI',
    );
  });

  it('keep the query that the rule URL has, and drop its fragment', () => {
    const url = 'https://www.example.com:8443/a%20b?key=v%26w&x#part';

    expect(render([groupRecallSample(1)], { rule: { ...rule, url } }).url).toMatch(
      /^https:\/\/www\.example\.com:8443\/a%20b\?key=v%26w&x&SdkAppid=1400000000&[^#]+$/,
    );
  });

  it('escape what a caller brings', () => {
    const origin = { ...sampleOrigin, ip: '2001:db8::1', platform: 'Web' } as const;

    const { searchParams } = new URL(render([groupRecallSample(1, { origin })]).url);

    expect(searchParams.get('ClientIP')).toBe('2001:db8::1');
    expect(searchParams.get('OptPlatform')).toBe('Web');
  });

  it('are signed as the vector of contract C3 when the rule has a secret', () => {
    const { searchParams } = new URL(
      render([groupRecallSample(1)], { secret: 'tok' }, 1_700_000_000_999).url,
    );

    expect(searchParams.get('RequestTime')).toBe('1700000000');
    expect(searchParams.get('Sign')).toBe('1f4112aa726e20f097d526ff82863c835ad47a6a34dc4ca14240702535c75dbc');
  });

  it('are signed by the formula, not by the sample of the vendor page', () => {
    const { searchParams } = new URL(
      render([groupRecallSample(1)], { secret: 'xxxyyy' }, 1_669_872_112_000).url,
    );

    expect(searchParams.get('Sign')).toBe('e78a85473bed2cdc8d6fa8c4d5a4ba4735fd64156e15a99516b9890293e135de');
  });

  it('are signed anew for the time of each attempt', () => {
    const [first, second] = [sampleNow, sampleNow + 30_000].map(
      (now) => new URL(render([groupRecallSample(1)], { secret: 'tok' }, now).url).searchParams,
    );

    const expected = createHash('sha256')
      .update(`tok${second?.get('RequestTime')}`)
      .digest('hex');
    expect(second?.get('Sign')).toBe(expected);
    expect(second?.get('Sign')).not.toBe(first?.get('Sign'));
  });

  it('cannot be sent for an app without an sdkappid', () => {
    expect(() => render([groupRecallSample(1)], { app: appSample({ sdkAppId: null }) })).toThrow('sdkappid');
  });

  it('have no callId', () => {
    expect(tencent.callId({ app: appSample(), events: [recordedSample(groupRecallSample(1))] })).toBeNull();
  });

  it('succeed with status 200 alone', () => {
    expect([200, 204, 302, 500].filter((status) => tencent.isSuccess(status))).toEqual([200]);
  });
});

describe('a one-to-one recall in the tencent dialect', () => {
  it('is C2C.CallbackAfterMsgWithDraw with the unread messages of the receiver', () => {
    const { body, url } = render([recallSample()], { unread: 4 });

    expect(body).toBe(
      '{"CallbackCommand":"C2C.CallbackAfterMsgWithDraw","From_Account":"u1","To_Account":"u2",' +
        '"MsgKey":"7_42_1699999990","UnreadMsgNum":4}',
    );
    expect(new URL(url).searchParams.get('CallbackCommand')).toBe('C2C.CallbackAfterMsgWithDraw');
  });

  it('asks for the unread messages of the receiver; one of a group for nobody’s', () => {
    expect(tencent.unreadOf([recordedSample(recallSample())])).toBe('u2');
    expect(tencent.unreadOf([recordedSample(groupRecallSample(1))])).toBeUndefined();
  });
});

describe('a test of a rule in the tencent dialect', () => {
  it('is the recall of the first message of a group that nobody has', () => {
    const { body, url } = render([testSample({ ruleId: rule.id })]);

    expect(body).toBe(
      '{"CallbackCommand":"Group.CallbackAfterRecallMsg","Operator_Account":"admin","Type":"Private",' +
        '"GroupId":"recalld_test","MsgSeqList":[{"MsgSeq":1}]}',
    );
    expect(new URL(url).searchParams.get('ClientIP')).toBe('192.0.2.7');
  });

  it('asks for nobody’s unread messages', () => {
    expect(tencent.unreadOf([testSample({ ruleId: rule.id })])).toBeUndefined();
  });
});
