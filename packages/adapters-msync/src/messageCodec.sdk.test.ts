import { describe, expect, it } from 'vitest';
import { createMessageCodec } from './messageCodec.js';
import { app, easemobContent, messageItem } from './testing/given.js';
import { createSdkReader } from './testing/webSdk.js';

const codec = createMessageCodec();
const sdk = createSdkReader('demo-org#demo-app', 'bob');
const fileUrl = 'http://127.0.0.1:1/demo-org/demo-app/chatfiles/5a1b2c3d';
const readUrl = `${fileUrl}?em-redirect=true&share-secret=VfEpSmSvEeS7yU8dwa9rAQc-DIL`;
const attachment = { filename: 'a.bin', secret: 'VfEpSmSvEeS7yU8dwa9rAQc-DIL', url: fileUrl };

async function readBySdk(type: string, body: unknown, ext: unknown = {}) {
  const [message] = await sdk.read(codec.encode(app, messageItem(), easemobContent(type, body, ext)));
  return message;
}

describe('what the official web SDK reads from roaming', () => {
  it('has who sent it, to whom, when and under which id', async () => {
    expect(await readBySdk('txt', { msg: 'hello' })).toMatchObject({
      id: '1468183947526374441',
      from: 'alice',
      to: 'bob',
      chatType: 'singleChat',
      time: 1_760_000_000_123,
      onlineState: 3,
    });
  });

  it.each([
    ['txt', { msg: '你好 👋' }, { type: 'txt', msg: '你好 👋' }],
    ['txt', {}, { type: 'txt', msg: '' }],
    [
      'img',
      { ...attachment, file_length: 128_827, size: { width: 480, height: 720 } },
      {
        type: 'img',
        url: readUrl,
        secret: attachment.secret,
        file_length: 128_827,
        width: 480,
        height: 720,
        thumb: `${readUrl}&thumbnail=true`,
      },
    ],
    [
      'audio',
      { ...attachment, length: 10 },
      { type: 'audio', url: readUrl, secret: attachment.secret, filename: 'a.bin', length: 10 },
    ],
    [
      'video',
      { ...attachment, thumb: fileUrl, thumb_secret: 'thumb-secret', length: 12, file_length: 58_103 },
      {
        type: 'video',
        url: readUrl,
        filename: 'a.bin',
        length: 12,
        file_length: 58_103,
        thumb: fileUrl,
        thumb_secret: 'thumb-secret',
      },
    ],
    ['file', attachment, { type: 'file', url: readUrl, secret: attachment.secret, filename: 'a.bin' }],
    [
      'loc',
      { lat: '39.966', lng: '116.322', addr: '西城区', buildingName: 'Tower' },
      { type: 'loc', lat: 39.966, lng: 116.322, addr: '西城区', buildingName: 'Tower' },
    ],
    ['cmd', { action: 'refresh' }, { type: 'cmd', action: 'refresh' }],
    [
      'custom',
      { customEvent: 'order', customExts: { name: 'tea', price: '4' } },
      { type: 'custom', customEvent: 'order', customExts: { name: 'tea', price: '4' } },
    ],
    [
      'custom',
      { customEvent: 'order', customExts: [{ name: 'tea' }, { price: '4' }] },
      { type: 'custom', customEvent: 'order', customExts: { name: 'tea', price: '4' } },
    ],
    [
      'poll',
      { options: ['a', 'b'] },
      { type: 'custom', customEvent: 'poll', customExts: { options: ['a', 'b'] } },
    ],
  ])('shows %s %j as it was sent', async (type, body, expected) => {
    expect(await readBySdk(type, body)).toMatchObject(expected);
  });

  it('has every value of the extension with its type', async () => {
    const ext = {
      text: 'v',
      empty: '',
      whole: 7,
      negative: -7,
      largest: Number.MAX_SAFE_INTEGER,
      beyond: 1e300,
      fraction: 0.5,
      yes: true,
      no: false,
      object: { a: [1, 'b'] },
      list: [1, 2],
      nothing: null,
    };

    const message = await readBySdk('txt', { msg: 'hello' }, ext);

    expect(message?.ext).toEqual(ext);
  });

  it('tells groups and rooms from one-to-one chats', async () => {
    const content = easemobContent('txt', { msg: 'hello' });
    const inGroup = messageItem({ chat: { kind: 'groupchat', id: '259432186' } });
    const inRoom = messageItem({ itemId: '2', chat: { kind: 'chatroom', id: '259432187' } });

    const read = await sdk.read(codec.encode(app, inGroup, content), codec.encode(app, inRoom, content));

    expect(read).toMatchObject([
      { chatType: 'groupChat', to: '259432186' },
      { chatType: 'chatRoom', to: '259432187' },
    ]);
  });

  it('keeps the whole of a 64-bit id', async () => {
    const item = messageItem({ itemId: '9223372036854775807' });

    const [message] = await sdk.read(codec.encode(app, item, easemobContent('txt', { msg: 'hello' })));

    expect(message?.id).toBe('9223372036854775807');
  });
});
