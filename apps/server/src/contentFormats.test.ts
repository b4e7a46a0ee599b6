import { easemobBodies, readEasemobContent } from '@recalld/adapters-http';
import {
  createContentDecoder,
  createMessageCodec,
  readMsyncContent,
  readTencentContent,
} from '@recalld/adapters-msync';
import { pairTimeline } from '@recalld/domain';
import type { MessageItem, StoredContent } from '@recalld/domain';
import { appSample, sampleInstant } from '@recalld/domain/testing';
import { describe, expect, it } from 'vitest';

const decoder = createContentDecoder({
  easemob: readEasemobContent,
  msync: readMsyncContent,
  tencent: readTencentContent,
});
const codec = createMessageCodec({ decoder });

const item: MessageItem = {
  kind: 'message',
  app: 1,
  timeline: pairTimeline('u1', 'u2'),
  position: 1,
  itemId: '1468183947526374441',
  eventPosition: 1,
  author: 'u1',
  originDevice: null,
  chat: { kind: 'chat', id: 'u2' },
  sentAt: sampleInstant,
  messageSeq: 1,
  contentKind: 'txt',
  expiresAt: null,
  state: 'live',
  flags: {},
};

function sentByRest(type: string, body: object, ext: object): StoredContent {
  return { format: 'easemob', payload: Buffer.from(JSON.stringify({ type, body, ext })) };
}

const ext = { text: 'v', whole: 7, half: 0.5, yes: true, list: [1, { a: null }], nothing: null };
const file = {
  url: 'http://h/demo-org/demo-app/chatfiles/x',
  filename: 'a.png',
  secret: 's',
  file_length: 9,
};
const thumbnail = { thumb: 'http://h/t', thumb_secret: 't' };

describe('a body in the words of each of the two formats', () => {
  it.each([
    ['txt', { msg: '你好 👋' }],
    ['img', { ...file, ...thumbnail, size: { width: 480, height: 720 } }],
    ['audio', { ...file, length: 10 }],
    ['video', { ...file, ...thumbnail, length: 10, size: { width: 1, height: 2 } }],
    ['file', file],
    ['loc', { lat: 39.966, lng: -116.322, addr: '西城区', buildingName: 'Tower' }],
    ['cmd', { action: 'refresh' }],
    ['custom', { customEvent: 'order', customExts: { tea: 4 } }],
    ['combine', { ...file, title: 'Chat', summary: 'u1: hi', text: 'not supported' }],
  ])('says the same: %s', (type, body) => {
    const toDevices = codec.encode({ ...appSample(), no: 1 }, item, sentByRest(type, body, ext));

    // A client would send the same fields back, and they would be kept as they came.
    const read = decoder.decode({ format: 'msync', payload: toDevices });

    expect(easemobBodies(read)).toEqual({ bodies: [{ ...body, type }], ext });
  });
});
