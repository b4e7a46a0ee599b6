import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { CallbackRequest } from '@recalld/domain';
import { createCallbackRequests } from './callbackRequests.js';
import { newNativeSecret } from './dialects/native/signature.js';
import { appSample, groupRecallSample, recallSample, recordedSample, ruleSample } from './testing/samples.js';

const box = {
  seal: (secret: string) => `sealed:${secret}`,
  open: (sealed: string) => sealed.replace(/^sealed:/, ''),
};

function given() {
  const opened: string[] = [];
  const asked: unknown[] = [];
  let now = 1_700_000_000_000;
  const requests = createCallbackRequests({
    box: { ...box, open: (sealed) => (opened.push(sealed), box.open(sealed)) },
    hostName: 'im-host-1',
    unread: async (...query) => {
      asked.push(query);
      return 5;
    },
    clock: { now: () => now },
  });
  return { requests, asked, opened, advance: (ms: number) => (now += ms) };
}

const tencentRule = ruleSample({ dialect: 'tencent', sealedSecret: 'sealed:tok' });

describe('callback requests', () => {
  it('are rendered in the dialect of the rule, signed with its opened secret', async () => {
    const { requests } = given();
    const rule = ruleSample({ sealedSecret: 'sealed:s3cr3t' });

    const events = [recordedSample(recallSample())];
    const { body } = await requests.render({ app: appSample(), rule, events });

    expect(JSON.parse(body)).toMatchObject({
      host: 'im-host-1',
      security: 'f17f88b2d01e8e2e135ddd385cec9d41',
    });
  });

  it('are rendered for the moment, with the unread messages of that moment', async () => {
    const { requests, asked, advance } = given();
    advance(30_000);

    const events = [recordedSample(recallSample())];
    const { url, body } = await requests.render({ app: appSample(), rule: tencentRule, events });

    expect(asked).toEqual([[1, 'u2', 1_700_000_030_000]]);
    expect(JSON.parse(body)).toMatchObject({ UnreadMsgNum: 5 });
    expect(new URL(url).searchParams.get('RequestTime')).toBe('1700000030');
  });

  it('count nothing where no count is told', async () => {
    const { requests, asked } = given();

    const events = [recordedSample(groupRecallSample(1))];
    await requests.render({ app: appSample(), rule: tencentRule, events });

    expect(asked).toEqual([]);
  });

  it('have a callId where the dialect has one', () => {
    const { requests } = given();
    const events = [recordedSample(recallSample())];

    expect(requests.callId({ app: appSample(), rule: ruleSample(), events })).toBe(
      'acme#im_1000000000000000001',
    );
    expect(requests.callId({ app: appSample(), rule: tencentRule, events })).toBeNull();
    expect(requests.callId({ app: appSample(), rule: ruleSample({ dialect: 'native' }), events })).toBe(
      '1000000000000000001',
    );
  });

  it('open a secret once, and a changed one again', async () => {
    const { requests, opened } = given();
    const events = [recordedSample(recallSample())];
    const render = (sealedSecret: string) =>
      requests.render({ app: appSample(), rule: ruleSample({ sealedSecret }), events });

    for (const secret of ['sealed:a', 'sealed:a', 'sealed:b', 'sealed:a']) await render(secret);

    expect(opened).toEqual(['sealed:a', 'sealed:b']);
  });

  it('are verified under both secrets of a native rule after a rotation, and under the new one alone when the time of the old is over', async () => {
    const { requests, opened, advance } = given();
    const start = advance(Date.now() - 1_700_000_000_000);
    const [old, current] = [newNativeSecret(), newNativeSecret()];
    const previousSecret = { sealed: `sealed:${old}`, until: start + 1 };
    const rule = ruleSample({ dialect: 'native', sealedSecret: `sealed:${current}`, previousSecret });
    const events = [recordedSample(recallSample())];
    const request = () => requests.render({ app: appSample(), rule, events });
    const verify = ({ body, headers }: CallbackRequest, secret: string) =>
      new Webhook(secret).verify(body, { ...headers });

    const during = await request();
    advance(1);
    const after = await request();

    expect(verify(during, current)).toEqual(verify(during, old));
    expect(verify(after, current)).toEqual(verify(during, current));
    expect(() => verify(after, old)).toThrow('No matching signature');
    expect(opened).toEqual([current, old].map((secret) => `sealed:${secret}`));
  });
});
