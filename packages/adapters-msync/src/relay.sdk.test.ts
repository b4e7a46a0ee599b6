import type { MessageItem } from '@recalld/domain';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { readUpBody } from './content/readUpBody.js';
import { createMessageCodec } from './messageCodec.js';
import { app, clientBody, clientMeta, decoder, messageItem, recallItem, upMeta } from './testing/given.js';
import { loggedIn } from './testing/loggedIn.js';
import { sdkNames } from './testing/sdkLoader.js';
import type { SdkName } from './testing/sdkLoader.js';
import { createSdkReader, uploaded } from './testing/webSdk.js';
import { bodyTypes } from './wire/messageBody.js';
import type { UpMeta } from './wire/meta.js';
import { readMeta } from './wire/meta.js';
import { encodeSendAck } from './wire/sync.js';

const codec = createMessageCodec({ decoder });
const serverId = '1468183947526374441';
const connections: { close(): void }[] = [];

afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

/** alice's SDK, and what reached the server of what it sent. */
async function senderOf(name: SdkName) {
  const sent: UpMeta[] = [];
  const client = await loggedIn(name, 'alice', (sync, answer) => {
    if (sync.kind !== 'send' || sync.meta.namespace !== 'chat') return;
    sent.push(sync.meta);
    answer(encodeSendAck({ localId: sync.meta.id, serverId, at: messageItem().sentAt }));
  });
  connections.push(client.connection);
  return { client, sent };
}

/** The only Meta of a list. */
function only(metas: readonly UpMeta[]): UpMeta {
  const [meta, ...more] = metas;
  if (meta === undefined || more.length > 0) throw new Error(`${metas.length} Metas were sent`);
  return meta;
}

const url = `http://127.0.0.1:1/demo-org/demo-app/chatfiles/${uploaded.uuid}`;
const file = { filename: 'a.bin', data: new Blob(['hello']) };
const shownFile = { url: `${url}?em-redirect=true&share-secret=${uploaded.secret}`, secret: uploaded.secret };
const oldMessage = {
  id: '1',
  type: 'txt',
  chatType: 'singleChat',
  msg: 'old',
  from: 'bob',
  to: 'alice',
  time: 1,
};

/** What an app gives an SDK to send, and what another one shows of it. */
const messages: readonly (readonly [type: string, sent: object, shown: object])[] = [
  ['txt', { msg: '你好', ext: { a: 1, b: -5, c: { d: [1] }, e: 1.5, f: true, g: '' } }, {}],
  ['img', { file, width: 4, height: 3 }, { ...shownFile, width: 4, height: 3, file_length: 5 }],
  ['audio', { file, filename: 'a.bin', length: 2 }, { ...shownFile, length: 2, filename: 'a.bin' }],
  ['video', { file, filename: 'a.bin', length: 2 }, { ...shownFile, length: 2, filename: 'a.bin' }],
  ['file', { file, filename: 'a.bin' }, { ...shownFile, filename: 'a.bin' }],
  ['loc', { lat: 1.5, lng: -2, addr: 'here', buildingName: 'Tower' }, {}],
  ['cmd', { action: 'refresh' }, {}],
  ['custom', { customEvent: 'order', customExts: { tea: 4, list: [1] } }, {}],
  [
    'combine',
    { title: 'Chat', summary: 'bob: old', compatibleText: 'not supported', messageList: [oldMessage] },
    { ...shownFile, title: 'Chat', summary: 'bob: old', compatibleText: 'not supported', combineLevel: 1 },
  ],
];

const chats = [
  ['singleChat', 'chat', 'bob'],
  ['groupChat', 'groupchat', 'g1'],
  ['chatRoom', 'chatroom', 'r1'],
] as const;

describe.each(sdkNames)('what %s sends', (name) => {
  const readers = sdkNames.map((reader) => createSdkReader(reader, 'bob'));

  it.each(messages)('arrives in every kind of chat, at both SDKs: %s', async (type, message, expected) => {
    const shown = 'file' in message || type === 'combine' ? expected : { ...message, ...expected };
    for (const [chatType, kind, to] of chats) {
      const { client, sent } = await senderOf(name);
      await client.connection.send(client.message.create({ type, chatType, to, ...message }));
      const meta = only(sent);
      const item: MessageItem = messageItem({ chat: { kind, id: to }, originDevice: 'webim_web_here' });

      const bytes = codec.encode(app, item, meta.stored);

      expect(upMeta(bytes).payload).toEqual(meta.payload);
      const body = readUpBody(meta, 'alice');
      expect(body).toMatchObject({
        ok: true,
        value: { kind: 'message', chatKind: kind, contentKind: type, to },
      });
      for (const reader of readers) {
        const [read] = await reader.read(bytes);
        expect(read).toMatchObject({ id: serverId, type, chatType, from: 'alice', to, ...shown });
      }
    }
  });

  it('takes back what it sent, with its text', async () => {
    const { client, sent } = await senderOf(name);

    await client.connection.recallMessage({ mid: serverId, to: 'g1', chatType: 'groupChat', ext: 'oops' });

    expect(readUpBody(only(sent), 'alice')).toEqual({
      ok: true,
      value: { kind: 'recall', msgId: serverId, to: 'g1', conference: true, extension: 'oops' },
    });
  });

  it.each([
    ['read', { kind: 'ack', ack: 'read', msgId: serverId }],
    ['delivery', { kind: 'ack', ack: 'delivered', msgId: serverId }],
    ['channel', { kind: 'read' }],
  ])('says %s', async (type, said) => {
    const { client, sent } = await senderOf(name);

    void client.connection.send(
      client.message.create({ type, chatType: 'singleChat', to: 'bob', id: serverId, ackId: serverId }),
    );

    expect(readUpBody(only(sent), 'alice')).toEqual({
      ok: true,
      value: { ...said, to: 'bob', conference: false },
    });
  });
});

const rich = clientBody({
  contents: [
    { type: 7, customEvent: 'e', customExts: [{ key: 'k', type: 8, stringValue: '{"a":1}' }] },
    { type: 1, remotePath: url, size: { width: 1, height: 2 } },
  ],
  ext: [
    { key: 'j', type: 8, stringValue: '[1]' },
    { key: 'n', type: 2, varintValue: '7' },
  ],
  meta: '{"thread":{}}',
  msgConfig: { allowGroupAck: true },
  stream: { streamType: 's', streamStatus: 1 },
});

const ack = clientBody({
  type: bodyTypes.readAck,
  contents: [{}],
  ackMessageId: serverId,
});

describe.each(sdkNames)('what the server takes, %s does not throw at', (name) => {
  const reader = createSdkReader(name, 'bob');

  it('whatever bytes of a body are others', async () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(changes, fc.constantFrom(rich, ack, clientBody()), async (bytesToChange, whole) => {
        const payload = Uint8Array.from(whole);
        for (const [at, byte] of bytesToChange) payload[at % payload.length] = byte;
        const meta = readMeta(clientMeta({ payload }));
        if (!meta.ok || !readUpBody(meta.value, 'alice').ok) return;
        taken += 1;

        const item = messageItem({ itemId: String(taken) });
        expect(await reader.read(codec.encode(app, item, meta.value.stored))).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('whatever bytes of a Meta are others', async () => {
    const ext = [{ key: 'chatroom_msg_tag', type: 2, varintValue: '1' }];
    const payload = clientBody({ type: bodyTypes.chat });
    const whole = clientMeta({ payload, ext, meta: Buffer.from('{"is_online":1}') });
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        const meta = readMeta(bytes);
        if (!meta.ok || !readUpBody(meta.value, 'alice').ok) return;
        taken += 1;

        const item = messageItem({ itemId: String(taken) });
        expect(await reader.read(codec.encode(app, item, meta.value.stored))).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('shows the recall that was made of it', async () => {
    const payload = clientBody({ type: bodyTypes.recall, contents: [{}], ackMessageId: serverId });

    expect(readUpBody(upMeta(clientMeta({ payload })), 'alice')).toMatchObject({ ok: true });
    await expect(reader.read(codec.encode(app, recallItem(), undefined))).resolves.toBeDefined();
  });
});
