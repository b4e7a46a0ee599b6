import { beforeEach, describe, expect, it } from 'vitest';
import { startEasemobServer } from '../testing/easemobServer.js';
import type { Answered, EasemobServer } from '../testing/easemobServer.js';

let easemob: EasemobServer;

beforeEach(async () => {
  easemob = await startEasemobServer();
});

const whole = { channel: 'u2', type: 'chat', delete_roam: true };

function remove(body: unknown, path = '/users/u1/user_channel', token?: string): Promise<Answered> {
  return easemob.call('DELETE', path, { body, ...(token === undefined ? {} : { token }) });
}

async function channels(user: string): Promise<readonly string[]> {
  const { body } = await easemob.call('GET', `/users/${user}/user_channels`);
  const { channel_infos: infos } = body['data'] as { channel_infos: readonly { channel_id: string }[] };
  return infos.map(({ channel_id: id }) => id);
}

async function history(user: string, queue: string): Promise<number> {
  const { body } = await easemob.call('POST', `/users/${user}/messageroaming`, {
    body: { queue, start: -1 },
  });
  return (body['data'] as { msgs: readonly unknown[] }).msgs.length;
}

describe('the success answer (seed 002)', () => {
  it('given the seed’s request, then path has no user name, uri has it, and entities is empty', async () => {
    const answer = await remove(whole);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      JSON.stringify({
        path: '/users/user_channel',
        uri: 'http://chat.example.com/acme/im/users/u1/user_channel',
        timestamp: easemob.clock.now(),
        organization: 'acme',
        application: easemob.app.uuid,
        entities: [],
        action: 'delete',
        data: { result: 'ok' },
        duration: 0,
        applicationName: 'im',
      }),
    );
  });

  it('given the web SDK’s spelling, then it is the same call', async () => {
    const path = '/user/u1/user_channel?resource=webim_1';
    const answer = await remove({ ...whole, type: 'groupChat' }, path, easemob.userToken('u1'));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ path: '/users/user_channel', data: { result: 'ok' } });
    expect(answer.body['uri']).toBe('http://chat.example.com/acme/im/user/u1/user_channel');
  });
});

describe('the error table (seed 002), byte for byte', () => {
  const illegal = ['illegal_argument', 'EasemobIllegalArgumentException'];
  const invalid = ['invalid_request_body', 'EasemobInvalidRequestBodyException'];

  it.each([
    ['an empty channel', { ...whole, channel: '' }, illegal, 'field channel cannot be null or empty'],
    ['a null channel', { ...whole, channel: null }, illegal, 'field channel cannot be null or empty'],
    ['nothing', {}, illegal, 'field channel cannot be null or empty'],
    ['an empty type', { ...whole, type: '' }, illegal, 'field type cannot be null or empty'],
    ['no type', { channel: 'u2' }, illegal, 'field type cannot be null or empty'],
    ['an empty delete_roam', { ...whole, delete_roam: '' }, illegal, 'field delete_roam cannot be null'],
    ['a null delete_roam', { ...whole, delete_roam: null }, illegal, 'field delete_roam cannot be null'],
    ['no delete_roam', { channel: 'u2', type: 'chat' }, illegal, 'field delete_roam cannot be null'],
    ['a number as channel', { ...whole, channel: 2 }, invalid, undefined],
    ['a chat room', { ...whole, type: 'chatroom' }, invalid, undefined],
    ['a text as delete_roam', { ...whole, delete_roam: 'true' }, invalid, undefined],
    ['a channel that cannot be', { ...whole, channel: 'x'.repeat(65) }, invalid, undefined],
    ['a broken body', '{"channel"', invalid, undefined],
    ['no body', undefined, invalid, undefined],
  ])('given %s, then 400', async (_, body, [error, exception], description) => {
    const answer = await remove(body);
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(
      JSON.stringify({
        error,
        exception,
        timestamp: easemob.clock.now(),
        duration: 0,
        error_description: description ?? 'Request body is invalid. Please check body is correct.',
      }),
    );
  });
});

describe('what it does', () => {
  it('given delete_roam, then list and history of this side are gone, the other side keeps both', async () => {
    await easemob.send('u2');
    expect(await channels('u1')).toEqual(['acme#im_u2@easemob.com']);

    await remove(whole);

    expect(await channels('u1')).toEqual([]);
    expect(await history('u1', 'u2@easemob.com')).toBe(0);
    expect(await channels('u2')).toEqual(['acme#im_u1@easemob.com']);
    expect(await history('u2', 'u1@easemob.com')).toBe(1);
  });

  it('given that roaming is kept, then only the list loses the conversation, and a new message brings it back', async () => {
    await easemob.send('u2');
    await remove({ ...whole, delete_roam: false });
    expect(await channels('u1')).toEqual([]);
    expect(await history('u1', 'u2@easemob.com')).toBe(1);

    await easemob.send('u2');

    expect(await channels('u1')).toEqual(['acme#im_u2@easemob.com']);
  });

  it('given another user’s token, then 401', async () => {
    const answer = await remove(whole, '/users/u1/user_channel', easemob.userToken('u2'));
    expect(answer.status).toBe(401);
    expect(answer.body['error_description']).toBe('Unable to authenticate (OAuth)');
  });

  it.each(['x'.repeat(65), '%ff', '%00', '%ed%a0%80'])('given the user name %s, then 400', async (name) => {
    const answer = await remove(whole, `/users/${name}/user_channel`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: 'illegal_argument' });
  });
});
