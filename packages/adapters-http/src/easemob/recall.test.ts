import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

async function setPolicy(enabled: boolean, windowSeconds = 120): Promise<void> {
  await easemob.deps.loop.submit<'ChangeRecallPolicy'>([
    {
      type: 'ChangeRecallPolicy',
      app: easemob.app.no,
      enabled,
      windowSeconds,
      retentionMs: null,
      by: 'operator',
      now: easemob.clock.now(),
    },
  ]);
}

/** Bytes of the whole error envelope of seed 002. */
function envelope(error: string, exception: string, description: string): string {
  const timestamp = easemob.clock.now();
  return JSON.stringify({ error, exception, timestamp, duration: 0, error_description: description });
}

describe('the success answer (seed 002)', () => {
  it('given the seed’s request, then the answer has the sample’s fields in the sample’s order', async () => {
    const msgId = await easemob.send('u2');

    const answer = await easemob.recall(msgId, {
      from: 'u1',
      force: true,
      recallMessageExtensionInfo: '{"type": "chat"}',
    });

    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      JSON.stringify({
        path: '/messages/msg_recall',
        uri: 'http://chat.example.com/acme/im/messages/msg_recall',
        timestamp: easemob.clock.now(),
        organization: 'acme',
        application: easemob.app.uuid,
        action: 'post',
        data: { recalled: 'yes', chattype: 'chat', from: 'u1', to: 'u2', msg_id: msgId },
        duration: 0,
        applicationName: 'im',
      }),
    );
  });

  it('given no from, then admin recalls', async () => {
    const msgId = await easemob.send('u2');
    expect((await easemob.recall(msgId)).body['data']).toMatchObject({ from: 'admin' });
  });

  it.each([
    ['absent', {}, 'all'],
    ['true', { sync_device: true }, 'all'],
    ['false', { sync_device: false }, 'receivers'],
  ])('given sync_device %s, then the notice is for %s', async (_, more, audience) => {
    const msgId = await easemob.send('u2');
    await easemob.recall(msgId, { from: 'u1', ...more });
    const events = await easemob.storage.log.ofStream(easemob.app.no, `message/${msgId}`);
    expect(events.at(-1)?.data).toMatchObject({ audience, msgId, by: 'u1' });
  });

  it('given an extension, then it is the body of the notice and not in the event', async () => {
    const msgId = await easemob.send('u2');
    await easemob.recall(msgId, { recallMessageExtensionInfo: 'because' });
    const [, event] = await easemob.storage.log.ofStream(easemob.app.no, `message/${msgId}`);
    expect(JSON.stringify(event)).not.toContain('because');
    const recallId = event?.type === 'MessageRecalled' ? event.data.recallId : '';
    const contents = await easemob.storage.contents.read(easemob.app.no, [recallId]);
    expect(Buffer.from(contents.get(recallId)?.payload ?? []).toString()).toBe(
      '{"type":"recall","ext":"because"}',
    );
  });

  it.each([
    [
      'groupchat',
      '/messages/chatgroups',
      '/chatgroups',
      { groupname: 'g', public: true, owner: 'u1' },
      'groupid',
    ],
    ['chatroom', '/messages/chatrooms', '/chatrooms', { name: 'r', owner: 'u1' }, 'id'],
  ])(
    'given a message to a %s, then chat_type comes in and chattype goes out',
    async (type, to, made, body, field) => {
      const created = await easemob.call('POST', made, { body });
      const chat = (created.body['data'] as Record<string, string>)[field] ?? '';
      const message = { from: 'u1', to: [chat], type: 'txt', body: { msg: 'hi' } };
      const sent = await easemob.call('POST', to, { body: message });
      const msgId = (sent.body['data'] as Record<string, string>)[chat];

      const answer = await easemob.recall(msgId, { to: chat, chat_type: type });

      expect(answer.body['data']).toEqual({
        recalled: 'yes',
        chattype: type,
        from: 'admin',
        to: chat,
        msg_id: msgId,
      });
    },
  );

  it('given a proxy that speaks https and a host that is none, then uri believes the first only', async () => {
    const msgId = await easemob.send('u2');
    const headers = { 'x-forwarded-proto': 'https', host: 'evil"<script>.example' };
    const body = { msg_id: msgId, to: 'u2', chat_type: 'chat' };
    const answer = await easemob.call('POST', '/messages/msg_recall?token=secret', { body, headers });
    expect(answer.body['uri']).toBe('https://localhost/acme/im/messages/msg_recall');
  });
});

describe('the error table (seed 002), byte for byte', () => {
  const recallException = 'EasemobMessageRecallException';

  it.each([
    ['msg_id', { msg_id: '' }, "param msg_id can't be empty"],
    ['to', { to: '' }, "param to can't be empty"],
    ['chat_type', { chat_type: '' }, "param chat_type can't be empty"],
    ['force', { force: '' }, "param force can't be empty"],
  ])('given an empty or null %s, then 400', async (field, body, description) => {
    const msgId = await easemob.send('u2');
    for (const empty of [body, { [field]: null }]) {
      const answer = await easemob.recall(msgId, empty);
      expect(answer.status).toBe(400);
      expect(answer.text).toBe(envelope('message_recall_error', recallException, description));
    }
  });

  it('given no fields at all, then msg_id is missed first; an absent force is false', async () => {
    const none = await easemob.call('POST', '/messages/msg_recall', { body: {} });
    expect(none.body['error_description']).toBe("param msg_id can't be empty");
    const noTo = await easemob.call('POST', '/messages/msg_recall', { body: { msg_id: '1' } });
    expect(noTo.body['error_description']).toBe("param to can't be empty");
    const noType = await easemob.call('POST', '/messages/msg_recall', { body: { msg_id: '1', to: 'u2' } });
    expect(noType.body['error_description']).toBe("param chat_type can't be empty");
  });

  it.each([
    ['another receiver', { to: 'u3' }],
    ['another receiver, forced', { to: 'u3', force: true }],
    ['another kind of chat', { chat_type: 'groupchat' }],
    ['a receiver that cannot be', { to: 'x'.repeat(65) }],
    ['a receiver of half a character', { to: '\ud800', force: true }],
  ])('given %s, then 400 with the one curly apostrophe', async (_, more) => {
    const msgId = await easemob.send('u2');
    const answer = await easemob.recall(msgId, more);
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(envelope('message_recall_error', recallException, 'can\u2019t find msg to'));
    expect(Buffer.from(answer.text).includes(Buffer.from([0xe2, 0x80, 0x99]))).toBe(true);
  });

  it('given a message older than the window, then 403, and force helps', async () => {
    const msgId = await easemob.send('u2');
    easemob.clock.advance(120_001);
    const late = await easemob.recall(msgId);
    expect(late.status).toBe(403);
    expect(late.text).toBe(envelope('message_recall_error', recallException, 'exceed recall time limit'));
    expect((await easemob.recall(msgId, { force: true })).status).toBe(200);
  });

  it('given the last millisecond of the window, then it is in time', async () => {
    const msgId = await easemob.send('u2');
    easemob.clock.advance(120_000);
    expect((await easemob.recall(msgId)).status).toBe(200);
  });

  it.each([
    ['of digits', '966475220900644860'],
    ['that is no number', 'not-an-id'],
    ['of half a character', '\ud800'],
    ['of a thousand digits', '9'.repeat(1000)],
  ])('given an unknown id %s, then 403 not_found msg', async (_, msgId) => {
    const answer = await easemob.recall(msgId);
    expect(answer.status).toBe(403);
    expect(answer.text).toBe(envelope('message_recall_error', recallException, 'not_found msg'));
  });

  it('given a recalled message, then 403 not_found msg, forced or not, however old', async () => {
    const msgId = await easemob.send('u2');
    await easemob.recall(msgId);
    easemob.clock.advance(86_400_000);
    for (const more of [{}, { force: true }]) {
      const again = await easemob.recall(msgId, more);
      expect(again.status).toBe(403);
      expect(again.text).toBe(envelope('message_recall_error', recallException, 'not_found msg'));
    }
  });

  it('given the service is off, then 403 in the seed’s sample, before anything else of the message', async () => {
    await setPolicy(false);
    for (const more of [{}, { force: true }, { to: 'nobody' }]) {
      const answer = await easemob.recall('13132131', more);
      expect(answer.status).toBe(403);
      expect(answer.text).toBe(
        envelope('forbidden_op', 'EasemobForbiddenOpException', 'message recall service is unopened'),
      );
    }
    expect((await easemob.recall('')).body['error_description']).toBe("param msg_id can't be empty");
  });

  it('given a fault, then 500 with an empty error type, and nothing of the fault', async () => {
    easemob = await startEasemobServer({
      loop: (loop) => ({ ...loop, submit: () => Promise.reject(new Error('disk /dev/sda1 is on fire')) }),
    });
    const answer = await easemob.recall('13132131');
    expect(answer.status).toBe(500);
    expect(answer.text).toBe(envelope('', 'EasemobInternalException', 'internal error'));
    expect(easemob.logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'request failed' }),
    );
  });

  it.each([
    ['no JSON', '{"msg_id":'],
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['nothing', ''],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['a number as id', '{"msg_id":966475220900644860,"to":"u2","chat_type":"chat"}'],
    ['a number as receiver', '{"msg_id":"1","to":2,"chat_type":"chat"}'],
    ['an unknown kind of chat', '{"msg_id":"1","to":"u2","chat_type":"group"}'],
    ['a text as force', '{"msg_id":"1","to":"u2","chat_type":"chat","force":"true"}'],
    ['a number as sync_device', '{"msg_id":"1","to":"u2","chat_type":"chat","sync_device":1}'],
    ['an object as extension', '{"msg_id":"1","to":"u2","chat_type":"chat","recallMessageExtensionInfo":{}}'],
    ['half a character as from', '{"msg_id":"1","to":"u2","chat_type":"chat","from":"\\ud800"}'],
    ['too deep a body', `{"msg_id":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ])('given a body that is %s, then 400 invalid_request_body', async (_, body) => {
    const answer = await easemob.call('POST', '/messages/msg_recall', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(
      envelope(
        'invalid_request_body',
        'EasemobInvalidRequestBodyException',
        'Request body is invalid. Please check body is correct.',
      ),
    );
  });
});

describe('force', () => {
  it('given an id that the server never had, then a forced recall succeeds once', async () => {
    const first = await easemob.recall('13132131', { force: true });
    expect(first.status).toBe(200);
    expect(first.body['data']).toMatchObject({ recalled: 'yes', msg_id: '13132131' });
    const second = await easemob.recall('13132131', { force: true });
    expect(second.body['error_description']).toBe('not_found msg');
  });

  it('given an unknown group, then even a forced recall does not find it', async () => {
    const answer = await easemob.recall('13132131', { force: true, chat_type: 'groupchat', to: 'nowhere' });
    expect(answer.status).toBe(400);
    expect(answer.body['error_description']).toBe('can’t find msg to');
  });
});

describe('who may recall', () => {
  it.each([
    ['no token', null, 'unauthorized', 'Unable to authenticate due to expired access token'],
    [
      'a corrupt token',
      'nonsense',
      'auth_bad_access_token',
      'Unable to authenticate due to corrupt access token',
    ],
  ])('given %s, then 401', async (_, token, error, description) => {
    const answer = await easemob.call('POST', '/messages/msg_recall', { token, body: {} });
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ error, error_description: description });
  });

  it('given a user’s token, then 401', async () => {
    const answer = await easemob.call('POST', '/messages/msg_recall', {
      token: easemob.userToken('u1'),
      body: {},
    });
    expect(answer.status).toBe(401);
    expect(answer.body['error_description']).toBe('Unable to authenticate (OAuth)');
  });
});
