import type { ContentBody, JsonObject } from '@recalld/domain';
import { describe, expect, it } from 'vitest';
import { createMessageCodec } from './messageCodec.js';
import { app, contentOfOthers, decoder, messageItem } from './testing/given.js';
import { sdkNames } from './testing/sdkLoader.js';
import { createSdkReader } from './testing/webSdk.js';

const codec = createMessageCodec({ decoder });
const fileUrl = 'http://127.0.0.1:1/demo-org/demo-app/chatfiles/5a1b2c3d';
const readUrl = `${fileUrl}?em-redirect=true&share-secret=VfEpSmSvEeS7yU8dwa9rAQc-DIL`;
const attachment = { fileName: 'a.bin', secret: 'VfEpSmSvEeS7yU8dwa9rAQc-DIL', url: fileUrl };
const shownFile = { url: readUrl, secret: attachment.secret };
const hello: ContentBody = { kind: 'txt', text: 'hello' };

const shown: readonly (readonly [ContentBody, object])[] = [
  [
    { kind: 'txt', text: '你好 👋' },
    { type: 'txt', msg: '你好 👋' },
  ],
  [
    { kind: 'txt', text: '' },
    { type: 'txt', msg: '' },
  ],
  [
    { kind: 'img', ...attachment, fileBytes: 128_827, size: { width: 480, height: 720 } },
    {
      type: 'img',
      ...shownFile,
      file_length: 128_827,
      width: 480,
      height: 720,
      thumb: `${readUrl}&thumbnail=true`,
    },
  ],
  [
    { kind: 'audio', ...attachment, seconds: 10 },
    { type: 'audio', ...shownFile, filename: 'a.bin', length: 10 },
  ],
  [
    {
      kind: 'video',
      ...attachment,
      thumbnailUrl: fileUrl,
      thumbnailSecret: 'thumb-secret',
      seconds: 12,
      fileBytes: 58_103,
    },
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
  [
    { kind: 'file', ...attachment },
    { type: 'file', ...shownFile, filename: 'a.bin' },
  ],
  [
    { kind: 'loc', latitude: 39.966, longitude: 116.322, address: '西城区', building: 'Tower' },
    { type: 'loc', lat: 39.966, lng: 116.322, addr: '西城区', buildingName: 'Tower' },
  ],
  [
    { kind: 'cmd', action: 'refresh' },
    { type: 'cmd', action: 'refresh' },
  ],
  [
    { kind: 'custom', event: 'order', fields: { name: 'tea', price: '4' } },
    { type: 'custom', customEvent: 'order', customExts: { name: 'tea', price: '4' } },
  ],
  [
    {
      kind: 'combine',
      ...attachment,
      title: 'Chat',
      summary: 'alice: hi',
      text: 'not supported',
      fileBytes: 9,
    },
    {
      type: 'combine',
      ...shownFile,
      filename: 'a.bin',
      file_length: 9,
      title: 'Chat',
      summary: 'alice: hi',
      compatibleText: 'not supported',
    },
  ],
  [
    { kind: 'unknown', type: 'poll', fields: { options: ['a', 'b'] } },
    { type: 'custom', customEvent: 'poll', customExts: { options: ['a', 'b'] } },
  ],
];

describe.each(sdkNames)('what %s reads from roaming', (name) => {
  const sdk = createSdkReader(name, 'bob');

  async function read(body: ContentBody, ext: JsonObject = {}) {
    const [message] = await sdk.read(codec.encode(app, messageItem(), contentOfOthers(body, ext)));
    return message;
  }

  it('has who sent it, to whom, when and under which id', async () => {
    expect(await read(hello)).toMatchObject({
      id: '1468183947526374441',
      from: 'alice',
      to: 'bob',
      chatType: 'singleChat',
      time: 1_760_000_000_123,
      onlineState: 3,
    });
  });

  it.each(shown)('shows %j as it was sent', async (body, expected) => {
    expect(await read(body)).toMatchObject(expected);
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

    expect((await read(hello, ext))?.ext).toEqual(ext);
  });

  it('shows a body of Tencent’s API as a custom message', async () => {
    const body = [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'hello' } }];
    const stored = { format: 'tencent' as const, payload: Buffer.from(JSON.stringify(body)) };

    const [message] = await sdk.read(codec.encode(app, messageItem(), stored));

    const custom = { type: 'custom', customEvent: 'tencent', customExts: { MsgBody: body } };
    expect(message).toMatchObject(custom);
  });

  it('tells groups and rooms from one-to-one chats', async () => {
    const content = contentOfOthers(hello);
    const inGroup = messageItem({ chat: { kind: 'groupchat', id: '259432186' } });
    const inRoom = messageItem({ itemId: '2', chat: { kind: 'chatroom', id: '259432187' } });

    const messages = await sdk.read(codec.encode(app, inGroup, content), codec.encode(app, inRoom, content));

    expect(messages).toMatchObject([
      { chatType: 'groupChat', to: '259432186' },
      { chatType: 'chatRoom', to: '259432187' },
    ]);
  });

  it('keeps the whole of a 64-bit id', async () => {
    const item = messageItem({ itemId: '9223372036854775807' });

    const [message] = await sdk.read(codec.encode(app, item, contentOfOthers(hello)));

    expect(message?.id).toBe('9223372036854775807');
  });
});
