import { describe, expect, it } from 'vitest';
import { appKey, clientBody, clientMeta, upMeta } from '../testing/given.js';
import { bodyTypes } from '../wire/messageBody.js';
import { readUpBody } from './readUpBody.js';

const group = { appKey, name: 'g1', domain: 'conference.easemob.com' };
const msgId = '1468183947526374441';

/** What alice's client asks for with a body, in a Meta to bob unless told otherwise. */
function read(body: object, meta: object = {}) {
  return readUpBody(upMeta(clientMeta({ payload: clientBody(body), ...meta })), 'alice');
}

describe('what a client sends', () => {
  it.each([
    ['txt', { type: 0, text: 'hi' }],
    ['img', { type: 1 }],
    ['video', { type: 2 }],
    ['loc', { type: 3, latitude: 1, longitude: 2 }],
    ['audio', { type: 4 }],
    ['file', { type: 5 }],
    ['cmd', { type: 6, action: 'x' }],
    ['custom', { type: 7, customEvent: 'x' }],
    ['combine', { type: 0, subType: 0, title: 'x' }],
    ['combine', { type: 8 }],
    ['unknown', { type: 99 }],
  ])('is a message of kind %s with %j', (contentKind, content) => {
    expect(read({ contents: [content] })).toEqual({
      ok: true,
      value: { kind: 'message', chatKind: 'chat', contentKind, to: 'bob', conference: false, fileUrls: [] },
    });
  });

  it('points at the files of all its contents', () => {
    const contents = [
      { type: 1, remotePath: 'http://h/1', thumbnailRemotePath: 'http://h/2' },
      { type: 5, remotePath: 'http://h/3' },
    ];

    expect(read({ contents })).toMatchObject({
      value: { fileUrls: ['http://h/1', 'http://h/2', 'http://h/3'] },
    });
  });

  it.each(['groupchat', 'chatroom'] as const)('is for a %s', (chatKind) => {
    const sent = read({ type: bodyTypes[chatKind], to: { name: 'g1' } }, { to: group });

    expect(sent).toMatchObject({ ok: true, value: { chatKind, to: 'g1', conference: true } });
  });

  it.each([
    ['readAck', { kind: 'ack', ack: 'read' }],
    ['deliveryAck', { kind: 'ack', ack: 'delivered' }],
    ['recall', { kind: 'recall', extension: null }],
  ] as const)('says something of a message: %s', (type, expected) => {
    const sent = read({ type: bodyTypes[type], contents: [{}], ackMessageId: msgId });

    expect(sent).toEqual({ ok: true, value: { ...expected, msgId, to: 'bob', conference: false } });
  });

  it('recalls in a group with a text beside it', () => {
    const ext = [{ key: 'recallMessageExtensionInfo', type: 7, stringValue: 'oops' }];
    const body = { type: bodyTypes.recall, to: { name: 'g1' }, contents: [{}], ackMessageId: msgId };

    expect(read(body, { to: group, ext })).toMatchObject({
      value: { kind: 'recall', msgId, extension: 'oops', to: 'g1', conference: true },
    });
  });

  it('has read a conversation', () => {
    const sent = read({ type: bodyTypes.channelAck, contents: [{}] });

    expect(sent).toEqual({ ok: true, value: { kind: 'read', to: 'bob', conference: false } });
  });

  it('may be of a type that this server has no word for', () => {
    expect(read({ type: bodyTypes.edit })).toMatchObject({ value: { kind: 'other', type: 8 } });
    expect(read({ type: undefined })).toMatchObject({ value: { kind: 'other', type: 0 } });
  });

  it.each([
    ['in somebody else’s name', { from: { name: 'mallory' } }, 'wrongField', 'from'],
    ['in nobody’s name', { from: undefined }, 'wrongField', 'from'],
    ['to another than the Meta says', { to: { name: 'carol' } }, 'wrongField', 'to'],
    ['to nobody', { to: undefined }, 'wrongField', 'to'],
    ['to a group by a user’s name', { type: bodyTypes.groupchat }, 'wrongField', 'type'],
    ['without a content', { contents: [] }, 'missingField', 'contents'],
    ['with a heap of contents', { contents: Array.from({ length: 17 }, () => ({})) }, 'tooMany', 'contents'],
    ['a recall of nothing', { type: bodyTypes.recall }, 'missingField', 'ack_message_id'],
    [
      'a recall of what cannot be',
      { type: bodyTypes.recall, ackMessageId: '18446744073709551615' },
      'wrongField',
      'ack_message_id',
    ],
    ['an extension that is no JSON', { ext: [{ key: 'k', type: 8, stringValue: '{' }] }, 'wrongField', 'ext'],
    ['an extension without its text', { ext: [{ key: 'k', type: 8 }] }, 'wrongField', 'ext'],
    ['an extension without its number', { ext: [{ key: 'k', type: 2 }] }, 'wrongField', 'ext'],
    [
      'custom fields that are no JSON',
      { contents: [{ type: 7, customExts: [{ key: 'k', type: 8, stringValue: '' }] }] },
      'wrongField',
      'ext',
    ],
    [
      'parameters that are no JSON',
      { contents: [{ type: 7, params: [{ key: 'k', type: 8, stringValue: 'x' }] }] },
      'wrongField',
      'ext',
    ],
    ['a body’s meta that is no JSON', { meta: 'x' }, 'wrongField', 'meta'],
    ['a body’s meta that is no object', { meta: 'null' }, 'wrongField', 'meta'],
    ['reactions, which only servers add', { meta: '{"reaction":1}' }, 'wrongField', 'meta'],
    [
      'an acknowledgement that claims how many have read, by whatever name',
      {
        type: bodyTypes.readAck,
        ackMessageId: msgId,
        ext: [{ key: 'k', type: 7, stringValue: '{"1":999}' }],
      },
      'wrongField',
      'ext',
    ],
  ])('is refused: %s', (_, body, fault, field) => {
    expect(read(body)).toEqual({ ok: false, fault, field });
  });

  it.each([
    ['to nobody', { to: undefined }, 'missingField', 'to'],
    ['to a name that no store keeps', { to: { name: 'b\u0000' } }, 'wrongField', 'to'],
    ['to another domain', { to: { appKey, name: 'bob', domain: 'example.com' } }, 'wrongField', 'to'],
    ['to a user by a group’s name', { to: { name: 'bob', domain: group.domain } }, 'wrongField', 'type'],
    ['an extension that is no JSON', { ext: [{ key: 'k', type: 8, stringValue: '{' }] }, 'wrongField', 'ext'],
    ['a meta that is no object', { meta: Buffer.from('[]') }, 'wrongField', 'meta'],
    ['a meta with a tab in it', { meta: Buffer.from('{\t}') }, 'wrongField', 'meta'],
    ['a meta in broken UTF-8', { meta: Buffer.from([0x22, 0xff, 0x22]) }, 'wrongField', 'meta'],
  ])('is refused by its Meta: %s', (_, meta, fault, field) => {
    expect(read({}, meta)).toEqual({ ok: false, fault, field });
  });

  it('may have half a character in a text, but not beside JSON, which decoders would read otherwise', () => {
    const halved = (body: object) => {
      const payload = clientBody({ contents: [{ type: 0, text: 'a?' }], ...body });
      return upMeta(clientMeta({ payload: payload.map((byte) => (byte === 0x3f ? 0xed : byte)) }));
    };
    const json = { ext: [{ key: 'k', type: 8, stringValue: '1' }] };

    expect(readUpBody(halved({}), 'alice')).toMatchObject({ ok: true });
    expect(readUpBody(halved(json), 'alice')).toEqual({ ok: false, fault: 'wrongField', field: 'ext' });
    expect(readUpBody(halved({ meta: '{}' }), 'alice')).toMatchObject({ ok: false, field: 'meta' });
  });

  it.each([
    ['a thread’s word in the body’s meta', { meta: '{"thread":{}}' }, {}],
    ['a JSON extension', { ext: [{ key: 'k', type: 8, stringValue: '[1]' }] }, {}],
    ['a Meta’s meta in one line', {}, { meta: Buffer.from('{"is_online":1}') }],
  ])('may have %s', (_, body, meta) => {
    expect(read(body, meta)).toMatchObject({ ok: true });
  });
});
